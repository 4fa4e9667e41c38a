namespace Ambient.HttpProxy.Exchanges;

/// <summary>How much one side sent, also of what was cut.</summary>
/// <param name="Head">Bytes of the head as HTTP/1.1 would write it, whatever was spoken; 0 for an answer of ours.</param>
/// <param name="Body">Bytes of the body without its framing.</param>
/// <param name="Messages">Of gRPC; 0 for others.</param>
public readonly record struct MessageSize(int Head, long Body, long Messages)
{
    public long Total => Head + Body;
}
