namespace Ambient.Http2;

/// <summary>Why we ended a connection: code switches on <see cref="Code"/>, people read <see cref="Message"/>.</summary>
/// <param name="Code">What the GOAWAY frame carried.</param>
/// <param name="Message">A sentence with what happened, the limit or rule, and where it is written.</param>
public sealed record Http2Error(Http2ErrorCode Code, string Message);
