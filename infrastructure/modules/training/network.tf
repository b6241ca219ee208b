# Trainers stand in public subnets with an address of their own for as long as they run
# ($0.005 an hour): a NAT gateway or interface endpoints would cost $7 to $33 a month while
# nobody trains. Nothing can reach them: the security group lets nothing in.

data "aws_availability_zones" "this" {
  #checkov:skip=CKV_AWS_394:Only the first two names are used, and a region's new zone takes a later letter.
  state = "available"

  # Local zones have no Fargate.
  filter {
    name   = "opt-in-status"
    values = ["opt-in-not-required"]
  }
}

resource "aws_vpc" "this" {
  #checkov:skip=CKV2_AWS_11:Flow logs are billed by the gigabyte of lines; the network holds nothing but trainers that let nothing in.
  cidr_block           = var.vpc_cidr
  enable_dns_support   = true
  enable_dns_hostnames = true

  tags = { Name = "${var.prefix}-training" }
}

# Adopted to be emptied: what is started here without a group of its own reaches nothing.
resource "aws_default_security_group" "this" {
  vpc_id = aws_vpc.this.id
}

resource "aws_internet_gateway" "this" {
  vpc_id = aws_vpc.this.id

  tags = { Name = "${var.prefix}-training" }
}

resource "aws_subnet" "public" {
  # Two zones: Spot capacity is a zone's own.
  count = 2

  vpc_id            = aws_vpc.this.id
  availability_zone = data.aws_availability_zones.this.names[count.index]
  cidr_block        = cidrsubnet(var.vpc_cidr, 1, count.index)
  # A container gets its address from the job definition.
  map_public_ip_on_launch = false

  tags = { Name = "${var.prefix}-training-${count.index}" }
}

resource "aws_route_table" "public" {
  vpc_id = aws_vpc.this.id

  tags = { Name = "${var.prefix}-training" }
}

resource "aws_route" "internet" {
  route_table_id         = aws_route_table.public.id
  destination_cidr_block = "0.0.0.0/0"
  gateway_id             = aws_internet_gateway.this.id
}

resource "aws_route_table_association" "public" {
  count = length(aws_subnet.public)

  subnet_id      = aws_subnet.public[count.index].id
  route_table_id = aws_route_table.public.id
}

resource "aws_security_group" "trainer" {
  name        = "${var.prefix}-training"
  description = "Trainers: nothing comes in, HTTPS goes out."
  vpc_id      = aws_vpc.this.id

  tags = { Name = "${var.prefix}-training" }
}

resource "aws_vpc_security_group_egress_rule" "https" {
  security_group_id = aws_security_group.trainer.id
  description       = "HTTPS to AWS: the image from ECR, tables, objects, log lines."
  # ECR and CloudWatch Logs have no fixed addresses; private ones would cost by the hour.
  cidr_ipv4   = "0.0.0.0/0"
  ip_protocol = "tcp"
  from_port   = 443
  to_port     = 443
}

# Free, and the table's bytes stay inside AWS.
resource "aws_vpc_endpoint" "gateway" {
  for_each = {
    s3       = data.aws_iam_policy_document.s3_endpoint.json
    dynamodb = data.aws_iam_policy_document.dynamodb_endpoint.json
  }

  vpc_id            = aws_vpc.this.id
  service_name      = "com.amazonaws.${var.place.region}.${each.key}"
  vpc_endpoint_type = "Gateway"
  route_table_ids   = [aws_route_table.public.id]
  policy            = each.value

  tags = { Name = "${var.prefix}-${each.key}" }
}
