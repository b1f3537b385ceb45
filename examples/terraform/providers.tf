# Terraform or OpenTofu, with the cloud's own provider, unchanged, against
#   peering up examples/cloud.yaml
# How: docs/real-clients.md. The keys stand in examples/cloud.yaml, and protect nothing.
terraform {
  required_providers {
    alicloud = { source = "aliyun/alicloud" }
  }
}

variable "endpoint" {
  description = "Where the simulator listens: one address for every product."
  default     = "127.0.0.1:8080"
}

variable "region" {
  default = "cn-hangzhou"
}

variable "alice" {
  type = object({ uid = string, access_key = string, secret_key = string })
  default = {
    uid        = "1000000000000001"
    access_key = "LTAI-demo-key-of-alice"
    secret_key = "demo-secret-of-alice"
  }
}

variable "bob" {
  type = object({ uid = string, access_key = string, secret_key = string })
  default = {
    uid        = "1000000000000002"
    access_key = "LTAI-demo-key-of-bob"
    secret_key = "demo-secret-of-bob"
  }
}

# account_id and account_type spare questions to STS and BssOpenApi.
provider "alicloud" {
  access_key   = var.alice.access_key
  secret_key   = var.alice.secret_key
  account_id   = var.alice.uid
  account_type = "Domestic"
  region       = var.region
  protocol     = "HTTP"
  endpoints {
    vpc        = var.endpoint
    ecs        = var.endpoint
    sts        = var.endpoint
    bssopenapi = var.endpoint
  }
}

provider "alicloud" {
  alias        = "bob"
  access_key   = var.bob.access_key
  secret_key   = var.bob.secret_key
  account_id   = var.bob.uid
  account_type = "Domestic"
  region       = var.region
  protocol     = "HTTP"
  endpoints {
    vpc        = var.endpoint
    ecs        = var.endpoint
    sts        = var.endpoint
    bssopenapi = var.endpoint
  }
}
