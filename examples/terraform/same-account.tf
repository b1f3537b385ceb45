# Two VPCs of one account, with the legacy resources: an interface and a connection for each end, and a route at each.
resource "alicloud_vpc" "office" {
  vpc_name   = "office"
  cidr_block = "172.16.0.0/16"
}

resource "alicloud_vpc" "plant" {
  vpc_name   = "plant"
  cidr_block = "192.168.0.0/16"
}

resource "alicloud_router_interface" "office" {
  opposite_region = var.region
  router_type     = "VRouter"
  router_id       = alicloud_vpc.office.router_id
  role            = "InitiatingSide"
  specification   = "Large.2"
  name            = "office-to-plant"
  description     = "towards the plant"
}

resource "alicloud_router_interface" "plant" {
  opposite_region = var.region
  router_type     = "VRouter"
  router_id       = alicloud_vpc.plant.router_id
  role            = "AcceptingSide"
  name            = "plant-to-office"
}

resource "alicloud_router_interface_connection" "plant" {
  interface_id          = alicloud_router_interface.plant.id
  opposite_interface_id = alicloud_router_interface.office.id
}

# The initiator connects, so the other end has to point back by then.
resource "alicloud_router_interface_connection" "office" {
  interface_id          = alicloud_router_interface.office.id
  opposite_interface_id = alicloud_router_interface.plant.id
  depends_on            = [alicloud_router_interface_connection.plant]
}

resource "alicloud_route_entry" "office" {
  route_table_id        = alicloud_vpc.office.route_table_id
  destination_cidrblock = alicloud_vpc.plant.cidr_block
  nexthop_type          = "RouterInterface"
  nexthop_id            = alicloud_router_interface_connection.office.interface_id
}

resource "alicloud_vpc_route_entry" "plant" {
  route_table_id         = alicloud_vpc.plant.route_table_id
  destination_cidr_block = alicloud_vpc.office.cidr_block
  nexthop_type           = "RouterInterface"
  nexthop_id             = alicloud_router_interface.plant.id
  description            = "towards the office"
  depends_on             = [alicloud_router_interface_connection.office]
}
