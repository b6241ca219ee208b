# What Terraform reads and changes of this platform, service by service. `own` is the
# beginning of names: NAME-ENVIRONMENT for a deployment, NAME-* for planning any of them.

locals {
  scopes = merge({ for environment in var.environments : environment => "${var.name}-${environment}" }, { plan = "${var.name}-*" })

  arn = {
    for service in ["apigateway", "batch", "cloudwatch", "dynamodb", "ec2", "events", "lambda", "logs", "scheduler", "sns", "sqs"] :
    service => "arn:${var.place.partition}:${service}:${var.place.region}:${var.place.account_id}"
  }
  global_arn = {
    for service in ["budgets", "cloudfront", "cloudwatch", "iam"] :
    service => "arn:${var.place.partition}:${service}::${var.place.account_id}"
  }

  access = {
    for role, own in local.scopes : role => {
      data = [
        {
          sid       = "Buckets"
          resources = ["arn:${var.place.partition}:s3:::${own}-*"]
          reads = [
            "s3:GetAccelerateConfiguration", "s3:GetBucketAcl", "s3:GetBucketCORS", "s3:GetBucketLogging",
            "s3:GetBucketObjectLockConfiguration", "s3:GetBucketOwnershipControls", "s3:GetBucketPolicy",
            "s3:GetBucketPublicAccessBlock", "s3:GetBucketRequestPayment", "s3:GetBucketTagging",
            "s3:GetBucketVersioning", "s3:GetBucketWebsite", "s3:GetEncryptionConfiguration",
            "s3:GetLifecycleConfiguration", "s3:GetReplicationConfiguration", "s3:ListBucket",
          ]
          changes = [
            "s3:CreateBucket", "s3:DeleteBucket", "s3:DeleteBucketPolicy", "s3:ListBucketVersions",
            "s3:PutBucketCORS", "s3:PutBucketOwnershipControls", "s3:PutBucketPolicy",
            "s3:PutBucketPublicAccessBlock", "s3:PutBucketTagging", "s3:PutBucketVersioning",
            "s3:PutEncryptionConfiguration", "s3:PutLifecycleConfiguration",
          ]
        },
        {
          # The web app's files; and, in a home that is not protected, emptying before deleting.
          sid       = "Objects"
          resources = ["arn:${var.place.partition}:s3:::${own}-*/*"]
          reads     = []
          changes   = ["s3:DeleteObject", "s3:DeleteObjectVersion", "s3:PutObject"]
        },
        {
          sid       = "Tables"
          resources = ["${local.arn.dynamodb}:table/${own}-*"]
          reads = [
            "dynamodb:DescribeContinuousBackups", "dynamodb:DescribeTable", "dynamodb:DescribeTimeToLive",
            "dynamodb:ListTagsOfResource",
          ]
          changes = [
            "dynamodb:CreateTable", "dynamodb:DeleteTable", "dynamodb:TagResource", "dynamodb:UntagResource",
            "dynamodb:UpdateContinuousBackups", "dynamodb:UpdateTable", "dynamodb:UpdateTimeToLive",
          ]
        },
        {
          sid       = "Queues"
          resources = ["${local.arn.sqs}:${own}-*"]
          reads     = ["sqs:GetQueueAttributes", "sqs:GetQueueUrl", "sqs:ListQueueTags"]
          changes   = ["sqs:CreateQueue", "sqs:DeleteQueue", "sqs:SetQueueAttributes", "sqs:TagQueue", "sqs:UntagQueue"]
        },
        {
          sid       = "Topics"
          resources = ["${local.arn.sns}:${own}-*"]
          reads = [
            "sns:GetSubscriptionAttributes", "sns:GetTopicAttributes", "sns:ListSubscriptionsByTopic",
            "sns:ListTagsForResource",
          ]
          changes = [
            "sns:CreateTopic", "sns:DeleteTopic", "sns:SetTopicAttributes", "sns:Subscribe", "sns:TagResource",
            "sns:Unsubscribe", "sns:UntagResource",
          ]
        },
        {
          sid       = "Budgets"
          resources = ["${local.global_arn.budgets}:budget/${own}"]
          reads     = ["budgets:ListTagsForResource", "budgets:ViewBudget"]
          changes   = ["budgets:ModifyBudget", "budgets:TagResource", "budgets:UntagResource"]
        },
      ]
      compute = [
        {
          sid       = "Functions"
          resources = ["${local.arn.lambda}:function:${own}-*"]
          reads = [
            "lambda:GetFunction", "lambda:GetFunctionCodeSigningConfig", "lambda:GetFunctionConfiguration",
            "lambda:GetFunctionEventInvokeConfig", "lambda:GetPolicy", "lambda:ListTags", "lambda:ListVersionsByFunction",
          ]
          changes = [
            "lambda:AddPermission", "lambda:CreateFunction", "lambda:DeleteFunction",
            "lambda:DeleteFunctionEventInvokeConfig", "lambda:PutFunctionEventInvokeConfig", "lambda:RemovePermission",
            "lambda:TagResource", "lambda:UntagResource", "lambda:UpdateFunctionCode",
            "lambda:UpdateFunctionConfiguration", "lambda:UpdateFunctionEventInvokeConfig",
          ]
        },
        {
          # A compute environment's name is random, so that a new one can come before the old goes.
          sid = "Batch"
          resources = [
            "${local.arn.batch}:compute-environment/*",
            "${local.arn.batch}:job-definition/${own}-*",
            "${local.arn.batch}:job-queue/${own}-*",
            "${local.arn.batch}:scheduling-policy/${own}-*",
          ]
          reads = ["batch:ListTagsForResource"]
          changes = [
            "batch:CreateComputeEnvironment", "batch:CreateJobQueue", "batch:CreateSchedulingPolicy",
            "batch:DeleteComputeEnvironment", "batch:DeleteJobQueue", "batch:DeleteSchedulingPolicy",
            "batch:DeregisterJobDefinition", "batch:RegisterJobDefinition", "batch:TagResource", "batch:UntagResource",
            "batch:UpdateComputeEnvironment", "batch:UpdateJobQueue", "batch:UpdateSchedulingPolicy",
          ]
        },
        {
          sid       = "BatchDescriptions"
          resources = ["*"] # Batch has no resource level for looking.
          reads = [
            "batch:DescribeComputeEnvironments", "batch:DescribeJobDefinitions", "batch:DescribeJobQueues",
            "batch:DescribeSchedulingPolicies",
          ]
          changes = []
        },
        {
          sid       = "Network"
          resources = ["*"] # EC2 has no resource level for looking.
          reads = [
            "ec2:DescribeAvailabilityZones", "ec2:DescribeInternetGateways", "ec2:DescribeNetworkAcls",
            "ec2:DescribeNetworkInterfaces", "ec2:DescribePrefixLists", "ec2:DescribeRouteTables",
            "ec2:DescribeSecurityGroupRules", "ec2:DescribeSecurityGroups", "ec2:DescribeSubnets",
            "ec2:DescribeVpcAttribute", "ec2:DescribeVpcEndpoints", "ec2:DescribeVpcs",
          ]
          changes = []
        },
        {
          # What EC2 makes has no name before it is there: kinds stand for it.
          sid = "NetworkParts"
          resources = [
            for kind in ["internet-gateway", "route-table", "security-group", "security-group-rule", "subnet", "vpc", "vpc-endpoint"] :
            "${local.arn.ec2}:${kind}/*"
          ]
          reads = []
          changes = [
            "ec2:AssociateRouteTable", "ec2:AttachInternetGateway", "ec2:AuthorizeSecurityGroupEgress",
            "ec2:CreateInternetGateway", "ec2:CreateRoute", "ec2:CreateRouteTable", "ec2:CreateSecurityGroup",
            "ec2:CreateSubnet", "ec2:CreateTags", "ec2:CreateVpc", "ec2:CreateVpcEndpoint",
            "ec2:DeleteInternetGateway", "ec2:DeleteRoute", "ec2:DeleteRouteTable", "ec2:DeleteSecurityGroup",
            "ec2:DeleteSubnet", "ec2:DeleteTags", "ec2:DeleteVpc", "ec2:DeleteVpcEndpoints",
            "ec2:DetachInternetGateway", "ec2:DisassociateRouteTable", "ec2:ModifySecurityGroupRules",
            "ec2:ModifySubnetAttribute", "ec2:ModifyVpcAttribute", "ec2:ModifyVpcEndpoint",
            "ec2:RevokeSecurityGroupEgress", "ec2:RevokeSecurityGroupIngress",
          ]
        },
        {
          sid       = "Schedules"
          resources = ["${local.arn.scheduler}:schedule/default/${own}-*"]
          reads     = ["scheduler:GetSchedule"]
          changes   = ["scheduler:CreateSchedule", "scheduler:DeleteSchedule", "scheduler:UpdateSchedule"]
        },
        {
          sid       = "Rules"
          resources = ["${local.arn.events}:rule/${own}-*"]
          reads     = ["events:DescribeRule", "events:ListTagsForResource", "events:ListTargetsByRule"]
          changes = [
            "events:DeleteRule", "events:PutRule", "events:PutTargets", "events:RemoveTargets", "events:TagResource",
            "events:UntagResource",
          ]
        },
      ]
      edge = [
        {
          sid = "HTTPAPI"
          resources = [
            # API Gateway's ARNs name no account, and an API has a random identifier.
            "arn:${var.place.partition}:apigateway:${var.place.region}::/apis",
            "arn:${var.place.partition}:apigateway:${var.place.region}::/apis/*",
            "arn:${var.place.partition}:apigateway:${var.place.region}::/tags/*",
          ]
          reads   = ["apigateway:GET"]
          changes = ["apigateway:DELETE", "apigateway:PATCH", "apigateway:POST", "apigateway:PUT", "apigateway:TagResource", "apigateway:UntagResource"]
        },
        {
          sid = "Site"
          resources = [
            # CloudFront names by random identifiers, but for functions.
            "${local.global_arn.cloudfront}:distribution/*",
            "${local.global_arn.cloudfront}:function/${own}-*",
            "${local.global_arn.cloudfront}:origin-access-control/*",
            "${local.global_arn.cloudfront}:response-headers-policy/*",
          ]
          reads = [
            "cloudfront:DescribeFunction", "cloudfront:GetDistribution", "cloudfront:GetFunction",
            "cloudfront:GetOriginAccessControl", "cloudfront:GetResponseHeadersPolicy", "cloudfront:ListTagsForResource",
          ]
          changes = [
            "cloudfront:CreateDistribution", "cloudfront:CreateDistributionWithTags", "cloudfront:CreateFunction",
            "cloudfront:CreateInvalidation",
            "cloudfront:CreateOriginAccessControl", "cloudfront:CreateResponseHeadersPolicy",
            "cloudfront:DeleteDistribution", "cloudfront:DeleteFunction", "cloudfront:DeleteOriginAccessControl",
            "cloudfront:DeleteResponseHeadersPolicy", "cloudfront:GetInvalidation", "cloudfront:PublishFunction",
            "cloudfront:TagResource", "cloudfront:UntagResource", "cloudfront:UpdateDistribution",
            "cloudfront:UpdateFunction", "cloudfront:UpdateOriginAccessControl", "cloudfront:UpdateResponseHeadersPolicy",
          ]
        },
        {
          sid = "Logs"
          resources = [
            "${local.arn.logs}:log-group:/aws/lambda/${own}-*",
            "${local.arn.logs}:log-group:/aws/batch/${own}-*",
            "${local.arn.logs}:log-group:/aws/apigateway/${own}*",
          ]
          reads   = ["logs:ListTagsForResource"]
          changes = ["logs:CreateLogGroup", "logs:DeleteLogGroup", "logs:DeleteRetentionPolicy", "logs:PutRetentionPolicy", "logs:TagResource", "logs:UntagResource"]
        },
        {
          sid = "LogDelivery"
          # An HTTP API's access log is a delivery, which has no resource level; nor has looking.
          resources = ["*"]
          reads     = ["logs:DescribeLogGroups"]
          changes = [
            "logs:CreateLogDelivery", "logs:DeleteLogDelivery", "logs:DescribeResourcePolicies", "logs:GetLogDelivery",
            "logs:ListLogDeliveries", "logs:PutResourcePolicy", "logs:UpdateLogDelivery",
          ]
        },
        {
          sid = "Alarms"
          resources = [
            "${local.arn.cloudwatch}:alarm:${own}-*",
            "${local.global_arn.cloudwatch}:dashboard/${own}",
          ]
          reads = ["cloudwatch:DescribeAlarms", "cloudwatch:GetDashboard", "cloudwatch:ListTagsForResource"]
          changes = [
            "cloudwatch:DeleteAlarms", "cloudwatch:DeleteDashboards", "cloudwatch:PutDashboard",
            "cloudwatch:PutMetricAlarm", "cloudwatch:TagResource", "cloudwatch:UntagResource",
          ]
        },
        {
          sid       = "Roles"
          resources = ["${local.global_arn.iam}:role/${own}-*"]
          reads     = ["iam:GetRole", "iam:GetRolePolicy", "iam:ListAttachedRolePolicies", "iam:ListInstanceProfilesForRole", "iam:ListRolePolicies"]
          # Making roles and giving them policies is a statement of its own: see iam.tf.
          changes = ["iam:DeleteRole", "iam:DeleteRolePolicy", "iam:TagRole", "iam:UntagRole", "iam:UpdateAssumeRolePolicy", "iam:UpdateRole", "iam:UpdateRoleDescription"]
        },
      ]
    }
  }
}
