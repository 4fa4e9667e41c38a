using Ambient.Http1;
using Ambient.Http1.Bodies;
using Ambient.Http1.Heads;
using Ambient.HttpProxy.Bodies;
using Ambient.HttpProxy.Messages;
using Ambient.Transport;

namespace Ambient.HttpProxy.Upstreams;

/// <summary>An attempt's way to a server, in either protocol: one request and its response. Whoever rents it releases it, once.</summary>
/// <remarks>On the loop only. The request's head is written, then its body while the response is read.</remarks>
internal abstract class UpstreamStream : IRequestWriter
{
    /// <summary>RFC 9110 §15.2 sets none, but a server that never comes to its answer would keep us and the client busy for nothing.</summary>
    protected const int MostInterimResponses = 32;

    protected static readonly Http1Error TooManyInterimResponses =
        new(Http1Violation.BadStatusLine, 502, $"More than {MostInterimResponses} interim responses came before a final one.");

    /// <summary>The response's head, once <see cref="ReadHeadAsync"/> said Done, until it is called again or the stream is released.</summary>
    public abstract ResponseHead Head { get; }

    /// <summary>Why the response could not be read; nothing is wrong with it by default.</summary>
    public abstract Http1Error Error { get; }

    public abstract IBodySink RequestBody { get; }

    /// <summary>Of the final response; after its head.</summary>
    public abstract IBodySource ResponseBody { get; }

    /// <summary>The server said that it did not act on the request (REFUSED_STREAM, RFC 9113 §8.7).</summary>
    public virtual bool WasRefused => false;

    /// <summary>There is no response because the connection had served its time, not because of this request: worth a fresh one.</summary>
    /// <param name="isIdempotent">Sending the request twice does what sending it once does (RFC 9110 §9.2.2).</param>
    public abstract bool MayRepeat(bool isIdempotent);

    public abstract bool TakesUpgrades { get; }

    /// <summary>A descriptor is open for this request alone.</summary>
    public virtual bool HoldsDescriptor => false;

    /// <summary>The head that was read says that the server speaks the WebSocket protocol from here on.</summary>
    public abstract bool HasSwitched { get; }

    public abstract void BeginRequest(ReadOnlySpan<byte> method, ReadOnlySpan<byte> target, ReadOnlySpan<byte> authority);

    public abstract void BeginWebSocket(ReadOnlySpan<byte> target, ReadOnlySpan<byte> authority, bool bringsKey);

    public abstract void RequestField(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value, bool neverIndexed = false);

    public abstract void EndRequest(BodyFraming framing);


    /// <summary>Reads the next head: interim ones, then the final one.</summary>
    /// <returns>Done, or why there is none.</returns>
    public abstract ValueTask<IoStatus> ReadHeadAsync();

    /// <summary>The server has switched: bodies are the WebSocket's bytes from here on, and the request's sink passes on their end too.</summary>
    public virtual void BeginWebSocketBytes()
    {
    }

    /// <summary>Ends the exchange now; the server learns it. Whoever waits for the stream wakes up. Idempotent.</summary>
    public abstract void Abort();

    /// <param name="isClean">Request and response are whole; else the server learns that this one was broken off.</param>
    public abstract void Release(bool isClean);
}
