using Ambient.Http2;
using Ambient.HttpProxy.Sessions;
using Ambient.Transport;

namespace Ambient.HttpProxy.Upstreams;

/// <summary>A connection to a server that speaks HTTP/2: carries many exchanges at once.</summary>
internal sealed class Http2UpstreamConnection(Duplex wire, Http2Server server, Http2Options http2, HttpProxyOptions options)
    : Http2Session(Http2Role.Client, wire, http2, options)
{
    private readonly HttpProxyOptions _options = options;
    private uint _requests;

    /// <summary>Another stream may be opened.</summary>
    public bool HasRoom => !IsOver && Http2.CanOpen && Http2.OpenStreams < _options.Http2Streams;

    /// <summary>It has carried an exchange to its end.</summary>
    public bool HasServed { get; set; }

    /// <summary>What is asked for on it: <c>:scheme</c>.</summary>
    public ReadOnlySpan<byte> Scheme => server.Endpoint.IsSecure ? "https"u8 : "http"u8;

    /// <summary>Since when no stream was open, by the loop's clock.</summary>
    public long IdleSince { get; private set; } = wire.Loop.Time.GetTimestamp();

    /// <summary>A stream was opened; after the last that it may carry it drains.</summary>
    public void Opened()
    {
        if (server.Endpoint.IsEnough(++_requests)) Drain();
    }

    public void Start() => _ = RunAsync(default);

    public override void Failed(Exception defect) => Loop.UnhandledException?.Invoke(defect);

    protected override void OnHeaders(Http2Stream stream, HeaderList headers, bool endStream)
    {
        if ((stream.State as Http2Message)?.Owner is not Http2Upstream exchange) return;
        if (headers.Kind == HeaderKind.Trailers) exchange.TrailersArrived(headers);
        else exchange.HeadArrived(headers, endStream);
    }

    protected override void OnSlotsChanged()
    {
        server.Changed();
        if (Http2.OpenStreams == 0) IdleSince = Loop.Time.GetTimestamp();
    }

    protected override void OnClosed() => server.Remove(this);
}
