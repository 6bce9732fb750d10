namespace Millrace.Core.Controller;

/// <summary>Kafka's rules for the names of topics.</summary>
internal static class TopicName
{
    public const string ConsumerOffsets = "__consumer_offsets";
    public const string TransactionState = "__transaction_state";
    public const string ShareGroupState = "__share_group_state";
    public const string ClusterMetadata = "__cluster_metadata";
    private const int LongestName = 249;

    public static bool IsInternal(string name) => name is ConsumerOffsets or TransactionState or ShareGroupState;

    /// <summary>Null for a legal name; otherwise the rule that it breaks.</summary>
    public static string? WhatIsWrong(string name)
    {
        if (name.Length == 0)
            return "the empty string is not allowed";
        if (name is "." or "..")
            return $"'{name}' is not allowed";
        if (name.Length > LongestName)
            return $"the length of '{name}' is longer than {LongestName} characters";
        return name.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or '-')
            ? null
            : $"'{name}' contains characters other than ASCII letters, digits, '.', '_' and '-'";
    }

    /// <summary>Names that differ in '.' and '_' alone collide: metrics can't tell them apart.</summary>
    public static bool Collide(string left, string right) =>
        left != right && left.Replace('.', '_') == right.Replace('.', '_');
}
