namespace Millrace.Core.Coordinators;

/// <summary>What a core wants sent to others than those who asked it. The shell knows where to.</summary>
internal abstract record CoordinatorMessage;
