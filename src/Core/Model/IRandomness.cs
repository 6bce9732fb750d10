using Millrace.Protocol.Wire;

namespace Millrace.Core.Model;

/// <summary>Randomness as an input.</summary>
internal interface IRandomness
{
    /// <summary>An id that nothing else has; its text does not begin with a dash.</summary>
    Uuid NewUuid();
}
