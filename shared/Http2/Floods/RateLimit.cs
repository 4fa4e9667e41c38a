namespace Ambient.Http2;

/// <summary>How much of something is put up with: <paramref name="Burst"/> at once, then <paramref name="PerSecond"/>.</summary>
/// <param name="Burst">At least 1.</param>
/// <param name="PerSecond">0 or more; with 0 the burst is for the whole life of the connection.</param>
public readonly record struct RateLimit(int Burst, int PerSecond);
