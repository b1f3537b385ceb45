output "interfaces" {
  description = "The ends by name, for peering status, suspend and trace."
  value = {
    office = alicloud_router_interface.office.id
    plant  = alicloud_router_interface.plant.id
    alice  = alicloud_router_interface.alice.id
    bob    = alicloud_router_interface.bob.id
    line   = alicloud_express_connect_router_interface.line.id
  }
}
