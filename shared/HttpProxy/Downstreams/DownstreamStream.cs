using Ambient.Http1;
using Ambient.Http1.Bodies;
using Ambient.Http1.Heads;
using Ambient.HttpProxy.Bodies;
using Ambient.HttpProxy.Messages;

namespace Ambient.HttpProxy.Downstreams;

/// <summary>The client's side of one exchange, in either protocol.</summary>
/// <remarks>On the loop only. Response heads are written, interim ones first; the body follows the final one.</remarks>
internal abstract class DownstreamStream : IResponseWriter
{
    /// <summary>Valid until the exchange is over.</summary>
    public abstract RequestHead Request { get; }

    /// <summary>What is wrong with the head, beyond what ends the connection or the stream; nothing by default.</summary>
    public virtual Http1Error RequestError => default;

    public abstract IBodySource RequestBody { get; }

    public abstract IBodySink ResponseBody { get; }

    /// <summary>Nothing may follow the response on its connection; before the response's head, so that it can say so. HTTP/2 has streams and does not care.</summary>
    public virtual void EndConnection()
    {
    }

    /// <summary>The client must see that its response is not whole, and is not waited for any more. Idempotent.</summary>
    public abstract void Abort();

    /// <summary>Behind <see cref="EndWebSocket"/>: bodies are the WebSocket's bytes from here on, and the response's sink passes on their end too.</summary>
    public virtual void BeginWebSocketBytes()
    {
    }

    public abstract void BeginResponse(int status);

    public abstract void ResponseField(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value, bool neverIndexed = false);

    public abstract void EndResponse(BodyFraming framing);

    public abstract void EndResponseWithoutBody(long? announcedLength);

    public virtual void BeginWebSocket() => throw new NotSupportedException($"{GetType().Name} takes no WebSockets.");

    public virtual void EndWebSocket() => throw new NotSupportedException($"{GetType().Name} takes no WebSockets.");
}
