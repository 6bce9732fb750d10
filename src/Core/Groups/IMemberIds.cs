namespace Millrace.Core.Groups;

/// <summary>The source of the unique ends of member ids: randomness is an input of the core.</summary>
internal interface IMemberIds
{
    /// <summary>A text that no call has given before, such as a UUID.</summary>
    string Next();
}
