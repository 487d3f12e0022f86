"""What CloudTrail makes of an operation: one table, (service, operation) → source, name, category, resource type, readOnly.

Decides: whether a call is a management event, a data event of which resource type, or not logged; its event name where CloudTrail
does not use the API's; readOnly as AWS sets it. Refuses: defaults. An operation of a listed service that stands in no line below
fails the tests, and a call to it is counted by the recorder as unclassified, never dropped in silence.

Sources, read 2026-11-24: DynamoDB developer guide "Logging DynamoDB operations by using CloudTrail"; S3 user guide "CloudTrail
events" (bucket-level names); SQS and SNS guides (data events); CloudTrail user guide "Data events"; records of a published trail
(versioned Lambda names, readOnly of STS and KMS). Not stated anywhere and therefore assumed: the category of DynamoDB operations
that the guide does not list (management), of CloudWatch's metrics (data), and of CloudWatch Logs' event reads and writes (not
logged).
"""

from dataclasses import dataclass
from enum import StrEnum


class Category(StrEnum):
    """How CloudTrail treats a call; the values are those of `eventCategory`."""

    MANAGEMENT = "Management"
    DATA = "Data"
    NOT_LOGGED = ""


@dataclass(frozen=True, slots=True)
class Rule:
    """What CloudTrail writes for one operation. `resource_type` is "" unless the category is data."""

    event_source: str
    event_name: str
    category: Category
    read_only: bool
    resource_type: str = ""


TABLE, BUCKET_OBJECT, FUNCTION = "AWS::DynamoDB::Table", "AWS::S3::Object", "AWS::Lambda::Function"
QUEUE, TOPIC, METRIC = "AWS::SQS::Queue", "AWS::SNS::Topic", "AWS::CloudWatch::Metric"
GLOBAL_SERVICES = frozenset({"iam"})  # STS calls are regional events, as every SDK has used regional endpoints since 2025

_RULES: dict[tuple[str, str], Rule] = {}
_SOURCES = {"dynamodbstreams": "dynamodb", "cloudwatch": "monitoring"}


def rule(service: str, operation: str) -> Rule | None:
    """The rule of an operation, None where the table has no line for it."""
    return _RULES.get((service, operation))


def _lines(service: str, category: Category, resource_type: str = "", *, read: str = "", write: str = "") -> None:
    """Add operations; `Operation=EventName` where CloudTrail's name differs."""
    source = f"{_SOURCES.get(service, service)}.amazonaws.com"
    for text, read_only in ((read, True), (write, False)):
        for entry in text.split():
            operation, _, name = entry.partition("=")
            if (service, operation) in _RULES:
                raise ValueError(f"{service}.{operation} stands twice in the table")
            _RULES[service, operation] = Rule(source, name or operation, category, read_only, resource_type)


_lines(
    "dynamodb",
    Category.DATA,
    TABLE,
    read="GetItem BatchGetItem Query Scan TransactGetItems SearchVectors",
    # PartiQL is readOnly false even for a SELECT, as AWS's own sample shows.
    write="""PutItem UpdateItem DeleteItem BatchWriteItem TransactWriteItems ExecuteStatement BatchExecuteStatement
    ExecuteTransaction""",
)
_lines(
    "dynamodb",
    Category.MANAGEMENT,
    read="""DescribeBackup DescribeBulkOperation DescribeContinuousBackups DescribeContributorInsights DescribeEndpoints
    DescribeExport DescribeGlobalTable DescribeGlobalTableSettings DescribeImport DescribeKinesisStreamingDestination
    DescribeLimits DescribeTable DescribeTableReplicaAutoScaling DescribeTimeToLive GetResourcePolicy ListBackups
    ListBulkOperations ListContributorInsights ListExports ListGlobalTables ListImports ListTables ListTagsOfResource""",
    write="""CancelBulkOperation CreateBackup CreateGlobalTable CreateTable DeleteBackup DeleteResourcePolicy DeleteTable
    DisableKinesisStreamingDestination EnableKinesisStreamingDestination ExportTableToPointInTime ImportTable
    PutResourcePolicy RestoreTableFromBackup RestoreTableToPointInTime StartBulkPutItems TagResource UntagResource
    UpdateContinuousBackups UpdateContributorInsights UpdateGlobalTable UpdateGlobalTableSettings
    UpdateKinesisStreamingDestination UpdateTable UpdateTableReplicaAutoScaling UpdateTimeToLive""",
)
_lines("dynamodbstreams", Category.DATA, TABLE, read="GetRecords GetShardIterator")
_lines("dynamodbstreams", Category.MANAGEMENT, read="DescribeStream ListStreams")
_lines(
    "cloudtrail",
    Category.MANAGEMENT,
    read="""DescribeQuery DescribeTrails GenerateQuery GetChannel GetDashboard GetEventConfiguration GetEventDataStore
    GetEventSelectors GetImport GetInsightSelectors GetQueryResults GetResourcePolicy GetTrail GetTrailStatus ListChannels
    ListDashboards ListEventDataStores ListImportFailures ListImports ListInsightsData ListInsightsMetricData ListPublicKeys
    ListQueries ListTags ListTrails LookupEvents SearchSampleQueries StartQuery""",
    write="""AddTags CancelQuery CreateChannel CreateDashboard CreateEventDataStore CreateTrail DeleteChannel DeleteDashboard
    DeleteEventDataStore DeleteResourcePolicy DeleteTrail DeregisterOrganizationDelegatedAdmin DisableFederation
    EnableFederation PutEventConfiguration PutEventSelectors PutInsightSelectors PutResourcePolicy
    RegisterOrganizationDelegatedAdmin RemoveTags RestoreEventDataStore StartDashboardRefresh StartEventDataStoreIngestion
    StartImport StartLogging StopEventDataStoreIngestion StopImport StopLogging UpdateChannel UpdateDashboard
    UpdateEventDataStore UpdateTrail""",
)
_lines(
    "sts",
    Category.MANAGEMENT,
    read="""AssumeRole AssumeRoleWithSAML AssumeRoleWithWebIdentity DecodeAuthorizationMessage GetAccessKeyInfo
    GetCallerIdentity GetDelegatedAccessToken GetFederationToken GetSessionToken GetWebIdentityToken""",
    write="AssumeRoot",
)
_lines(
    "iam",
    Category.MANAGEMENT,
    read="""GenerateCredentialReport GenerateOrganizationsAccessReport GenerateServiceLastAccessedDetails GetAccessKeyLastUsed
    GetAccountAuthorizationDetails GetAccountPasswordPolicy GetAccountProperties GetAccountSummary
    GetContextKeysForCustomPolicy GetContextKeysForPrincipalPolicy GetCredentialReport GetDelegationRequest GetGroup
    GetGroupPolicy GetHumanReadableSummary GetInstanceProfile GetLoginProfile GetMFADevice GetOpenIDConnectProvider
    GetOrganizationsAccessReport GetOutboundWebIdentityFederationInfo GetPolicy GetPolicyVersion GetRole GetRolePolicy
    GetRoleTemplateVersion GetSAMLProvider GetSSHPublicKey GetServerCertificate GetServiceLastAccessedDetails
    GetServiceLastAccessedDetailsWithEntities GetServiceLinkedRoleDeletionStatus GetUser GetUserPolicy ListAccessKeys
    ListAccountAliases ListAttachedGroupPolicies ListAttachedRolePolicies ListAttachedUserPolicies ListDelegationRequests
    ListEntitiesForPolicy ListGroupPolicies ListGroups ListGroupsForUser ListInstanceProfileTags ListInstanceProfiles
    ListInstanceProfilesForRole ListMFADeviceTags ListMFADevices ListOpenIDConnectProviderTags ListOpenIDConnectProviders
    ListOrganizationsFeatures ListPolicies ListPoliciesGrantingServiceAccess ListPolicyTags ListPolicyVersions
    ListRolePolicies ListRoleTags ListRoles ListSAMLProviderTags ListSAMLProviders ListSSHPublicKeys ListServerCertificateTags
    ListServerCertificates ListServiceSpecificCredentials ListSigningCertificates ListUserPolicies ListUserTags ListUsers
    ListVirtualMFADevices SimulateCustomPolicy SimulatePrincipalPolicy""",
    write="""AcceptDelegationRequest AcquireRole AddClientIDToOpenIDConnectProvider AddRoleToInstanceProfile AddUserToGroup
    AssociateDelegationRequest AttachGroupPolicy AttachRolePolicy AttachUserPolicy ChangePassword CreateAccessKey
    CreateAccountAlias CreateDelegationRequest CreateGroup CreateInstanceProfile CreateLoginProfile
    CreateOpenIDConnectProvider CreatePolicy CreatePolicyVersion CreateRole CreateSAMLProvider CreateServiceLinkedRole
    CreateServiceSpecificCredential CreateUser CreateVirtualMFADevice DeactivateMFADevice DeleteAccessKey DeleteAccountAlias
    DeleteAccountPasswordPolicy DeleteGroup DeleteGroupPolicy DeleteInstanceProfile DeleteLoginProfile
    DeleteOpenIDConnectProvider DeletePolicy DeletePolicyVersion DeleteRole DeleteRolePermissionsBoundary DeleteRolePolicy
    DeleteSAMLProvider DeleteSSHPublicKey DeleteServerCertificate DeleteServiceLinkedRole DeleteServiceSpecificCredential
    DeleteSigningCertificate DeleteUser DeleteUserPermissionsBoundary DeleteUserPolicy DeleteVirtualMFADevice
    DetachGroupPolicy DetachRolePolicy DetachUserPolicy DisableOrganizationsRootCredentialsManagement
    DisableOrganizationsRootSessions DisableOutboundWebIdentityFederation EnableMFADevice
    EnableOrganizationsRootCredentialsManagement EnableOrganizationsRootSessions EnableOutboundWebIdentityFederation
    PutAccountProperties PutGroupPolicy PutRolePermissionsBoundary PutRolePolicy PutUserPermissionsBoundary PutUserPolicy
    RejectDelegationRequest RemoveClientIDFromOpenIDConnectProvider RemoveRoleFromInstanceProfile RemoveUserFromGroup
    ResetServiceSpecificCredential ResyncMFADevice SendDelegationToken SetDefaultPolicyVersion
    SetSecurityTokenServicePreferences TagInstanceProfile TagMFADevice TagOpenIDConnectProvider TagPolicy TagRole
    TagSAMLProvider TagServerCertificate TagUser UntagInstanceProfile UntagMFADevice UntagOpenIDConnectProvider UntagPolicy
    UntagRole UntagSAMLProvider UntagServerCertificate UntagUser UpdateAccessKey UpdateAccountPasswordPolicy
    UpdateAssumeRolePolicy UpdateDelegationRequest UpdateGroup UpdateLoginProfile UpdateOpenIDConnectProviderThumbprint
    UpdateRole UpdateRoleDescription UpdateSAMLProvider UpdateSSHPublicKey UpdateServerCertificate
    UpdateServiceSpecificCredential UpdateSigningCertificate UpdateUser UploadSSHPublicKey UploadServerCertificate
    UploadSigningCertificate""",
)
_lines(
    "s3",
    Category.MANAGEMENT,
    read="""GetBucketAbac GetBucketAccelerateConfiguration=GetAccelerateConfiguration GetBucketAcl
    GetBucketAnalyticsConfiguration GetBucketCors GetBucketEncryption GetBucketIntelligentTieringConfiguration
    GetBucketInventoryConfiguration GetBucketLifecycle GetBucketLifecycleConfiguration=GetBucketLifecycle GetBucketLocation
    GetBucketLogging GetBucketMetadataConfiguration GetBucketMetadataTableConfiguration GetBucketMetricsConfiguration
    GetBucketNotification GetBucketNotificationConfiguration=GetBucketNotification GetBucketOwnershipControls GetBucketPolicy
    GetBucketPolicyStatus GetBucketReplication GetBucketRequestPayment GetBucketTagging GetBucketVersioning GetBucketWebsite
    GetObjectLockConfiguration=GetBucketObjectLockConfiguration GetPublicAccessBlock=GetBucketPublicAccessBlock HeadBucket
    ListBucketAnalyticsConfigurations ListBucketIntelligentTieringConfigurations ListBucketInventoryConfigurations
    ListBucketMetricsConfigurations ListBuckets ListDirectoryBuckets""",
    write="""CreateBucket CreateBucketMetadataConfiguration CreateBucketMetadataTableConfiguration DeleteBucket
    DeleteBucketAnalyticsConfiguration DeleteBucketCors DeleteBucketEncryption DeleteBucketIntelligentTieringConfiguration
    DeleteBucketInventoryConfiguration DeleteBucketLifecycle DeleteBucketMetadataConfiguration
    DeleteBucketMetadataTableConfiguration DeleteBucketMetricsConfiguration DeleteBucketOwnershipControls DeleteBucketPolicy
    DeleteBucketReplication DeleteBucketTagging DeleteBucketWebsite DeletePublicAccessBlock=DeleteBucketPublicAccessBlock
    PutBucketAbac PutBucketAccelerateConfiguration=PutAccelerateConfiguration PutBucketAcl PutBucketAnalyticsConfiguration
    PutBucketCors PutBucketEncryption PutBucketIntelligentTieringConfiguration PutBucketInventoryConfiguration
    PutBucketLifecycle PutBucketLifecycleConfiguration=PutBucketLifecycle PutBucketLogging PutBucketMetricsConfiguration
    PutBucketNotification PutBucketNotificationConfiguration=PutBucketNotification PutBucketOwnershipControls PutBucketPolicy
    PutBucketReplication PutBucketRequestPayment PutBucketTagging PutBucketVersioning PutBucketWebsite
    PutObjectLockConfiguration=PutBucketObjectLockConfiguration PutPublicAccessBlock=PutBucketPublicAccessBlock
    UpdateBucketMetadataAnnotationTableConfiguration UpdateBucketMetadataInventoryTableConfiguration
    UpdateBucketMetadataJournalTableConfiguration""",
)
_lines(
    "s3",
    Category.DATA,
    BUCKET_OBJECT,
    read="""CreateSession GetObject GetObjectAcl GetObjectAnnotation GetObjectAttributes GetObjectLegalHold GetObjectRetention
    GetObjectTagging GetObjectTorrent HeadObject ListMultipartUploads ListObjectAnnotations ListObjectVersions ListObjects
    ListObjectsV2=ListObjects ListParts SelectObjectContent""",
    write="""AbortMultipartUpload CompleteMultipartUpload CopyObject CreateMultipartUpload DeleteObject DeleteObjectAnnotation
    DeleteObjectTagging DeleteObjects PutObject PutObjectAcl PutObjectAnnotation PutObjectLegalHold PutObjectRetention
    PutObjectTagging RenameObject RestoreObject UpdateObjectEncryption UploadPart UploadPartCopy WriteGetObjectResponse""",
)
_lines(
    "kms",
    Category.MANAGEMENT,
    read="""Decapsulate Decrypt DeriveSharedSecret DescribeCustomKeyStores DescribeKey Encapsulate Encrypt GenerateDataKey
    GenerateDataKeyPair GenerateDataKeyPairWithoutPlaintext GenerateDataKeyWithoutPlaintext GenerateMac GenerateRandom
    GetKeyLastUsage GetKeyPolicy GetKeyRotationStatus GetParametersForImport GetPublicKey ListAliases ListGrants
    ListKeyPolicies ListKeyRotations ListKeys ListResourceTags ListRetirableGrants ReEncrypt Sign Verify VerifyMac""",
    write="""CancelKeyDeletion ConnectCustomKeyStore CreateAlias CreateCustomKeyStore CreateGrant CreateKey DeleteAlias
    DeleteCustomKeyStore DeleteImportedKeyMaterial DisableKey DisableKeyRotation DisconnectCustomKeyStore EnableKey
    EnableKeyRotation ImportKeyMaterial PutKeyPolicy ReplicateKey RetireGrant RevokeGrant RotateKeyOnDemand
    ScheduleKeyDeletion TagResource UntagResource UpdateAlias UpdateCustomKeyStore UpdateKeyDescription UpdatePrimaryRegion""",
)
_lines(
    "logs",
    Category.MANAGEMENT,
    read="""DescribeAccountPolicies DescribeConfigurationTemplates DescribeDeliveries DescribeDeliveryDestinations
    DescribeDeliverySources DescribeDestinations DescribeExportTasks DescribeFieldIndexes DescribeImportTaskBatches
    DescribeImportTasks DescribeIndexPolicies DescribeLogGroups DescribeLogStreams DescribeLookupTables DescribeMetricFilters
    DescribeQueries DescribeQueryDefinitions DescribeResourcePolicies DescribeSubscriptionFilters GetDataProtectionPolicy
    GetDelivery GetDeliveryDestination GetDeliveryDestinationPolicy GetDeliverySource GetIntegration GetLogAnomalyDetector
    GetLogFields GetLogGroupFields GetLookupTable GetQueryResults GetScheduledQuery GetScheduledQueryHistory
    GetStorageTierPolicy GetTransformer ListAggregateLogGroupSummaries ListAnomalies ListIntegrations ListLogAnomalyDetectors
    ListLogGroups ListLogGroupsForQuery ListScheduledQueries ListSourcesForS3TableIntegration ListSyslogConfigurations
    ListTagsForResource ListTagsLogGroup StartLiveTail StartQuery StopQuery TestMetricFilter TestTransformer""",
    write="""AssociateKmsKey AssociateSourceToS3TableIntegration CancelExportTask CancelImportTask CreateDelivery
    CreateExportTask CreateImportTask CreateLogAnomalyDetector CreateLogGroup CreateLogStream CreateLookupTable
    CreateScheduledQuery DeleteAccountPolicy DeleteDataProtectionPolicy DeleteDelivery DeleteDeliveryDestination
    DeleteDeliveryDestinationPolicy DeleteDeliverySource DeleteDestination DeleteIndexPolicy DeleteIntegration
    DeleteLogAnomalyDetector DeleteLogGroup DeleteLogStream DeleteLookupTable DeleteMetricFilter DeleteQueryDefinition
    DeleteResourcePolicy DeleteRetentionPolicy DeleteScheduledQuery DeleteSubscriptionFilter DeleteSyslogConfiguration
    DeleteTransformer DisassociateKmsKey DisassociateSourceFromS3TableIntegration PutAccountPolicy
    PutBearerTokenAuthentication PutDataProtectionPolicy PutDeliveryDestination PutDeliveryDestinationPolicy PutDeliverySource
    PutDestination PutDestinationPolicy PutIndexPolicy PutIntegration PutLogGroupDeletionProtection PutMetricFilter
    PutQueryDefinition PutResourcePolicy PutRetentionPolicy PutStorageTierPolicy PutSubscriptionFilter PutSyslogConfiguration
    PutTransformer TagLogGroup TagResource UntagLogGroup UntagResource UpdateAnomaly UpdateDeliveryConfiguration
    UpdateLogAnomalyDetector UpdateLookupTable UpdateScheduledQuery""",
)
_lines("logs", Category.NOT_LOGGED, read="FilterLogEvents GetLogEvents GetLogObject GetLogRecord", write="PutLogEvents")
_lines(
    "lambda",
    Category.MANAGEMENT,
    read="""GetAccountSettings=GetAccountSettings20160819 GetAlias=GetAlias20150331 GetCapacityProvider GetCodeSigningConfig
    GetDurableExecution GetDurableExecutionHistory GetDurableExecutionState
    GetEventSourceMapping=GetEventSourceMapping20150331 GetFunction=GetFunction20150331v2 GetFunctionCodeSigningConfig
    GetFunctionConcurrency=GetFunctionConcurrency20190930 GetFunctionConfiguration=GetFunctionConfiguration20150331v2
    GetFunctionEventInvokeConfig GetFunctionRecursionConfig GetFunctionScalingConfig GetFunctionUrlConfig
    GetLayerVersion=GetLayerVersion20181031 GetLayerVersionByArn=GetLayerVersionByArn20181031
    GetLayerVersionPolicy=GetLayerVersionPolicy20181031 GetPolicy=GetPolicy20150331v2 GetProvisionedConcurrencyConfig
    GetResourcePolicy GetRuntimeManagementConfig ListAliases=ListAliases20150331 ListCapacityProviders ListCodeSigningConfigs
    ListDurableExecutionsByFunction ListEventSourceMappings=ListEventSourceMappings20150331 ListFunctionEventInvokeConfigs
    ListFunctionUrlConfigs ListFunctionVersionsByCapacityProvider ListFunctions=ListFunctions20150331
    ListFunctionsByCodeSigningConfig ListLayerVersions=ListLayerVersions20181031 ListLayers=ListLayers20181031
    ListProvisionedConcurrencyConfigs ListTags=ListTags20170331 ListVersionsByFunction=ListVersionsByFunction20150331""",
    write="""AddLayerVersionPermission=AddLayerVersionPermission20181031 AddPermission=AddPermission20150331v2
    CheckpointDurableExecution CreateAlias=CreateAlias20150331 CreateCapacityProvider CreateCodeSigningConfig
    CreateEventSourceMapping=CreateEventSourceMapping20150331 CreateFunction=CreateFunction20150331 CreateFunctionUrlConfig
    DeleteAlias=DeleteAlias20150331 DeleteCapacityProvider DeleteCodeSigningConfig DeleteDurableExecution
    DeleteEventSourceMapping=DeleteEventSourceMapping20150331 DeleteFunction=DeleteFunction20150331
    DeleteFunctionCodeSigningConfig DeleteFunctionConcurrency=DeleteFunctionConcurrency20171031
    DeleteFunctionEventInvokeConfig DeleteFunctionUrlConfig DeleteLayerVersion=DeleteLayerVersion20181031
    DeleteProvisionedConcurrencyConfig DeleteResourcePolicy PauseDurableExecution
    PublishLayerVersion=PublishLayerVersion20181031 PublishVersion=PublishVersion20150331 PutFunctionCodeSigningConfig
    PutFunctionConcurrency=PutFunctionConcurrency20171031 PutFunctionEventInvokeConfig PutFunctionRecursionConfig
    PutFunctionScalingConfig PutProvisionedConcurrencyConfig PutResourcePolicy PutRuntimeManagementConfig
    RemoveLayerVersionPermission=RemoveLayerVersionPermission20181031 RemovePermission=RemovePermission20150331v2
    ResumeDurableExecution SendDurableExecutionCallbackFailure SendDurableExecutionCallbackHeartbeat
    SendDurableExecutionCallbackSuccess StopDurableExecution TagResource=TagResource20170331v2
    UntagResource=UntagResource20170331v2 UpdateAlias=UpdateAlias20150331 UpdateCapacityProvider UpdateCodeSigningConfig
    UpdateEventSourceMapping=UpdateEventSourceMapping20150331 UpdateFunctionCode=UpdateFunctionCode20150331v2
    UpdateFunctionConfiguration=UpdateFunctionConfiguration20150331v2 UpdateFunctionEventInvokeConfig UpdateFunctionUrlConfig""",
)
_lines("lambda", Category.DATA, FUNCTION, write="Invoke InvokeAsync InvokeWithResponseStream")
_lines(
    "sns",
    Category.MANAGEMENT,
    read="""CheckIfPhoneNumberIsOptedOut GetDataProtectionPolicy GetEndpointAttributes GetPlatformApplicationAttributes
    GetSMSAttributes GetSMSSandboxAccountStatus GetSubscriptionAttributes GetTopicAttributes
    ListEndpointsByPlatformApplication ListOriginationNumbers ListPhoneNumbersOptedOut ListPlatformApplications
    ListSMSSandboxPhoneNumbers ListSubscriptions ListSubscriptionsByTopic ListTagsForResource ListTopics""",
    write="""AddPermission ConfirmSubscription CreatePlatformApplication CreatePlatformEndpoint CreateSMSSandboxPhoneNumber
    CreateTopic DeleteEndpoint DeletePlatformApplication DeleteSMSSandboxPhoneNumber DeleteTopic OptInPhoneNumber
    PutDataProtectionPolicy RemovePermission SetEndpointAttributes SetPlatformApplicationAttributes SetSMSAttributes
    SetSubscriptionAttributes SetTopicAttributes Subscribe TagResource Unsubscribe UntagResource VerifySMSSandboxPhoneNumber""",
)
_lines("sns", Category.DATA, TOPIC, write="Publish PublishBatch")
_lines(
    "sqs",
    Category.MANAGEMENT,
    read="ListMessageMoveTasks",
    write="""AddPermission CancelMessageMoveTask CreateQueue DeleteQueue PurgeQueue RemovePermission SetQueueAttributes
    StartMessageMoveTask TagQueue UntagQueue""",
)
_lines(
    "sqs",
    Category.DATA,
    QUEUE,
    read="GetQueueAttributes GetQueueUrl ListDeadLetterSourceQueues ListQueueTags ListQueues ReceiveMessage",
    write="ChangeMessageVisibility ChangeMessageVisibilityBatch DeleteMessage DeleteMessageBatch SendMessage SendMessageBatch",
)
_lines("ec2", Category.MANAGEMENT, read="DescribeAccountAttributes DescribeAvailabilityZones DescribeRegions")
_lines(
    "cloudwatch",
    Category.MANAGEMENT,
    read="""DescribeAlarmContributors DescribeAlarmHistory DescribeAlarms DescribeAlarmsForMetric DescribeAnomalyDetectors
    DescribeInsightRules GetAlarmMuteRule GetDashboard GetDataset GetInsightRuleReport GetMetricDataQueryDefinition
    GetMetricStream GetOTelEnrichment GetResourceMetricsConfiguration ListAlarmMuteRules ListDashboards
    ListManagedInsightRules ListMetricDataQueryDefinitions ListMetricStreams ListTagsForResource""",
    write="""AssociateDatasetKmsKey CreateResourceMetricsConfiguration DeleteAlarmMuteRule DeleteAlarms DeleteAnomalyDetector
    DeleteDashboards DeleteInsightRules DeleteMetricDataQueryDefinition DeleteMetricStream
    DeleteResourceMetricsConfiguration DisableAlarmActions DisableInsightRules DisassociateDatasetKmsKey
    EnableAlarmActions EnableInsightRules PutAlarmMuteRule PutAnomalyDetector PutCompositeAlarm PutDashboard
    PutInsightRule PutLogAlarm PutManagedInsightRules PutMetricAlarm PutMetricDataQueryDefinition PutMetricStream
    SetAlarmState StartMetricStreams StartOTelEnrichment StopMetricStreams StopOTelEnrichment TagResource UntagResource
    UpdateOTelEnrichment UpdateResourceMetricsConfiguration""",
)
_lines(
    "cloudwatch",
    Category.DATA,
    METRIC,
    read="GetMetricData GetMetricStatistics GetMetricWidgetImage ListMetrics",
    write="PutMetricData",
)
# Of Systems Manager the parameters alone: every call is a management event, values are never in it.
_lines(
    "ssm",
    Category.MANAGEMENT,
    read="""DescribeParameters GetParameter GetParameterHistory GetParameters GetParametersByPath ListTagsForResource""",
    write="""AddTagsToResource DeleteParameter DeleteParameters LabelParameterVersion PutParameter RemoveTagsFromResource
    UnlabelParameterVersion""",
)
