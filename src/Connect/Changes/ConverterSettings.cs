namespace Millrace.Connect.Changes;

/// <summary>The settings of the key and value converter.</summary>
internal sealed record ConverterSettings(
    bool KeySchemas, bool ValueSchemas, bool ReplaceNullInKey, bool ReplaceNullInValue);
