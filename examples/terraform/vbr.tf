# A border router and a VPC, with the newer resource: FastLink makes both ends and connects them.
resource "alicloud_express_connect_virtual_border_router" "line" {
  virtual_border_router_name = "line"
  physical_connection_id     = "pc-demo"
  vlan_id                    = 1001
  local_gateway_ip           = "10.255.0.1"
  peer_gateway_ip            = "10.255.0.2"
  peering_subnet_mask        = "255.255.255.252"
}

resource "alicloud_vpc" "cloud" {
  vpc_name   = "cloud"
  cidr_block = "172.20.0.0/16"
}

resource "alicloud_express_connect_router_interface" "line" {
  router_interface_name       = "line-to-cloud"
  router_type                 = "VBR"
  router_id                   = alicloud_express_connect_virtual_border_router.line.id
  access_point_id             = "ap-cn-hangzhou-1"
  role                        = "InitiatingSide"
  spec                        = "Mini.2"
  payment_type                = "PayAsYouGo"
  fast_link_mode              = true
  opposite_region_id          = var.region
  opposite_router_type        = "VRouter"
  opposite_router_id          = alicloud_vpc.cloud.router_id
  opposite_interface_owner_id = var.alice.uid
  tags                        = { line = "1" }
}

resource "alicloud_vpc_route_entry" "line" {
  route_table_id         = alicloud_express_connect_virtual_border_router.line.route_table_id
  destination_cidr_block = alicloud_vpc.cloud.cidr_block
  nexthop_type           = "RouterInterface"
  nexthop_id             = alicloud_express_connect_router_interface.line.id
}
