namespace Ambient.Model.Routes;

/// <summary>Trouble that is made on purpose: first the delay, then the abort, each drawn for itself.</summary>
/// <param name="DelayPercent">0 to 100.</param>
/// <param name="AbortStatus">200 to 599; 0 if <paramref name="AbortGrpcStatus"/> says it.</param>
/// <param name="AbortGrpcStatus">0 to 16; -1 for none.</param>
/// <param name="AbortPercent">0 to 100.</param>
public sealed record Fault(TimeSpan Delay, double DelayPercent, ushort AbortStatus, int AbortGrpcStatus, double AbortPercent);

/// <summary>A bucket of tokens, of which each request takes one; without one it is answered with 429.</summary>
/// <param name="Tokens">The most there can be.</param>
/// <param name="PerFill">Added each <paramref name="Interval"/>.</param>
/// <param name="Interval">At least 50 ms.</param>
/// <param name="PerClient">Each client identity has a bucket of its own.</param>
public sealed record RateLimit(uint Tokens, uint PerFill, TimeSpan Interval, bool PerClient);
