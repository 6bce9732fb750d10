using Millrace.Protocol.Messages;
using static Millrace.Fuzz.BadInput.BadRow;

namespace Millrace.Fuzz.BadInput;

/// <summary>Bad requests about quotas, users, ACLs and tokens.</summary>
internal static class OfSecurity
{
    public static BadRow[] Rows { get; } =
    [
        new(ApiKey.DescribeClientQuotas, "an entity that nobody knows", "UnsupportedVersion",
            _ => new DescribeClientQuotasRequest
            {
                Components = [new() { EntityType = "nothing" }],
            }),
        new(ApiKey.DescribeClientQuotas, "an entity twice", "InvalidRequest", _ => new DescribeClientQuotasRequest
        {
            Components = [new() { EntityType = "user", Match = "a" }, new() { EntityType = "user", Match = "b" }],
        }),
        new(ApiKey.AlterClientQuotas, "an entity that nobody knows", "InvalidRequest",
            _ => Quota("nothing", "producer_byte_rate", 1)),
        new(ApiKey.AlterClientQuotas, "a quota that nobody knows", "InvalidRequest", _ => Quota("user", "nothing", 1)),
        new(ApiKey.AlterClientQuotas, "a value below zero", "InvalidRequest",
            _ => Quota("user", "producer_byte_rate", -1)),
        new(ApiKey.AlterClientQuotas, "a value that is no number", "InvalidRequest",
            _ => Quota("user", "producer_byte_rate", double.NaN)),
        new(ApiKey.DescribeUserScramCredentials, "an unknown user, an empty one, and one twice",
            "ResourceNotFound DuplicateResource",
            _ => new DescribeUserScramCredentialsRequest
            {
                Users = [new() { Name = "unknown" }, new() { Name = "" }, new() { Name = "a" }, new() { Name = "a" }],
            }),
        new(ApiKey.AlterUserScramCredentials, "an unknown user", "ResourceNotFound",
            _ => new AlterUserScramCredentialsRequest
            {
                Deletions = [new() { Name = "unknown", Mechanism = 1 }],
            }),
        new(ApiKey.AlterUserScramCredentials, "too few iterations", "UnacceptableCredential", _ => Upsert("u", 1, 1)),
        new(ApiKey.AlterUserScramCredentials, "a mechanism that nobody knows", "UnsupportedSaslMechanism",
            _ => Upsert("u", 99, 4096)),
        new(ApiKey.AlterUserScramCredentials, "an empty name", "UnacceptableCredential", _ => Upsert("", 1, 4096)),
        new(ApiKey.DescribeAcls, "anything", "SecurityDisabled", _ => new DescribeAclsRequest
        {
            ResourceTypeFilter = 1,
            PatternTypeFilter = 1,
            Operation = 1,
            PermissionType = 1,
        }),
        new(ApiKey.DescribeAcls, "types that nobody knows", "SecurityDisabled", _ => new DescribeAclsRequest
        {
            ResourceTypeFilter = 99,
            PatternTypeFilter = 99,
            Operation = 99,
            PermissionType = 99,
        }),
        new(ApiKey.CreateAcls, "no creations", "None", _ => new CreateAclsRequest()),
        new(ApiKey.CreateAcls, "types that nobody knows", "SecurityDisabled", _ => new CreateAclsRequest
        {
            Creations = [new() { ResourceType = 99, ResourcePatternType = 99, Operation = 99, PermissionType = 99 }],
        }),
        new(ApiKey.CreateAcls, "a huge principal", "SecurityDisabled", _ => new CreateAclsRequest
        {
            Creations =
            [
                new()
                {
                    ResourceType = 2,
                    ResourceName = "t",
                    ResourcePatternType = 3,
                    Principal = Huge,
                    Host = "*",
                    Operation = 3,
                    PermissionType = 3,
                },
            ],
        }),
        new(ApiKey.DeleteAcls, "types that nobody knows", "SecurityDisabled", _ => new DeleteAclsRequest
        {
            Filters = [new() { ResourceTypeFilter = 99, PatternTypeFilter = 99, Operation = 99, PermissionType = 99 }],
        }),
        new(ApiKey.DeleteAcls, "no filters", "None", _ => new DeleteAclsRequest()),
        new(ApiKey.SaslHandshake, "a listener without SASL", "IllegalSaslState", _ => new SaslHandshakeRequest
        {
            Mechanism = "PLAIN",
        }),
        new(ApiKey.SaslAuthenticate, "a listener without SASL", "IllegalSaslState", _ => new SaslAuthenticateRequest()),
        new(ApiKey.CreateDelegationToken, "anything", "DelegationTokenRequestNotAllowed",
            _ => new CreateDelegationTokenRequest()),
        new(ApiKey.RenewDelegationToken, "an empty token", "DelegationTokenRequestNotAllowed",
            _ => new RenewDelegationTokenRequest()),
        new(ApiKey.ExpireDelegationToken, "an empty token", "DelegationTokenRequestNotAllowed",
            _ => new ExpireDelegationTokenRequest()),
        new(ApiKey.DescribeDelegationToken, "anything", "DelegationTokenRequestNotAllowed",
            _ => new DescribeDelegationTokenRequest()),
    ];

    private static AlterClientQuotasRequest Quota(string type, string key, double value) => new()
    {
        Entries =
        [
            new()
            {
                Entity = [new() { EntityType = type, EntityName = "u" }],
                Ops = [new() { Key = key, Value = value }],
            },
        ],
        ValidateOnly = true,
    };

    private static AlterUserScramCredentialsRequest Upsert(string name, sbyte mechanism, int iterations) => new()
    {
        Upsertions =
        [
            new()
            {
                Name = name,
                Mechanism = mechanism,
                Iterations = iterations,
                Salt = new byte[16],
                SaltedPassword = new byte[32],
            },
        ],
    };
}
