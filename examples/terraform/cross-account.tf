# Two accounts: Alice initiates, Bob accepts; each provider makes what its account owns.
resource "alicloud_vpc" "alice" {
  vpc_name   = "alice"
  cidr_block = "10.1.0.0/16"
}

resource "alicloud_vpc" "bob" {
  provider   = alicloud.bob
  vpc_name   = "bob"
  cidr_block = "10.2.0.0/16"
}

resource "alicloud_router_interface" "alice" {
  opposite_region = var.region
  router_type     = "VRouter"
  router_id       = alicloud_vpc.alice.router_id
  role            = "InitiatingSide"
  specification   = "Small.1"
  name            = "alice-to-bob"
}

resource "alicloud_router_interface" "bob" {
  provider        = alicloud.bob
  opposite_region = var.region
  router_type     = "VRouter"
  router_id       = alicloud_vpc.bob.router_id
  role            = "AcceptingSide"
  name            = "bob-to-alice"
}

# The other account's interface cannot be looked up: whose it is and where it is has to be said.
resource "alicloud_router_interface_connection" "bob" {
  provider                    = alicloud.bob
  interface_id                = alicloud_router_interface.bob.id
  opposite_interface_id       = alicloud_router_interface.alice.id
  opposite_interface_owner_id = var.alice.uid
  opposite_router_id          = alicloud_vpc.alice.router_id
  opposite_router_type        = "VRouter"
}

resource "alicloud_router_interface_connection" "alice" {
  interface_id                = alicloud_router_interface.alice.id
  opposite_interface_id       = alicloud_router_interface.bob.id
  opposite_interface_owner_id = var.bob.uid
  opposite_router_id          = alicloud_vpc.bob.router_id
  opposite_router_type        = "VRouter"
  depends_on                  = [alicloud_router_interface_connection.bob]
}
