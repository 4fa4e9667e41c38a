using System.Buffers;
using Ambient.Http1;
using Ambient.Http1.Bodies;
using Ambient.Http1.Heads;
using Ambient.Http1.Requests;
using Ambient.HttpProxy.Messages;

namespace Ambient.HttpProxy.Mirrors;

/// <summary>A request's head as it goes to its server, kept beyond the request: written as HTTP/1.1 and read again.</summary>
internal sealed class HeadCopy(Http1Limits limits) : IRequestWriter
{
    private readonly ArrayBufferWriter<byte> _text = new(1024);
    private readonly RequestParser _parser = new(limits);
    private RequestWriter _writer;

    /// <summary>After <see cref="TryRead"/>.</summary>
    public RequestHead Head => _parser.Head;

    public bool TakesUpgrades => false;

    public void BeginRequest(ReadOnlySpan<byte> method, ReadOnlySpan<byte> target, ReadOnlySpan<byte> authority) =>
        _writer = RequestWriter.Begin(_text, method, target, authority);

    public void BeginWebSocket(ReadOnlySpan<byte> target, ReadOnlySpan<byte> authority, bool bringsKey) => throw new NotSupportedException("A WebSocket is not copied.");

    public void RequestField(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value, bool neverIndexed = false) => _writer.Field(name, value);

    // A body whose length nobody knows is sent in chunks.
    public void EndRequest(BodyFraming framing) => _writer.End(framing.Kind == BodyKind.UntilClose ? BodyFraming.Chunked : framing);

    /// <returns>False if the head has become too large for the limits.</returns>
    public bool TryRead() => _parser.Feed(_text.WrittenSpan, out _) == HeadStatus.Complete;

    /// <summary>Gives back what the parser holds.</summary>
    public void Release() => _parser.Reset();
}
