namespace Ambient.Playground.Load;

/// <summary>How a long conversation ended, as its client saw it.</summary>
public enum TalkEnd : byte
{
    /// <summary>All that was wanted was said, and the server's last word came.</summary>
    Completed,

    /// <summary>Told to go in the protocol's own words: grpc-status 14 (UNAVAILABLE), or a close frame with 1001 (going away).</summary>
    Told,

    /// <summary>It broke off, or something in it was missing or out of order.</summary>
    Cut,
}

/// <param name="Messages">That came back in order.</param>
/// <param name="Detail">Of a cut: what was seen.</param>
public sealed record TalkOutcome(string Kind, TalkEnd End, int Messages, string Detail = "");
