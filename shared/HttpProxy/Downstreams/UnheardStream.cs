using Ambient.Http1.Bodies;
using Ambient.Http1.Heads;
using Ambient.HttpProxy.Bodies;

namespace Ambient.HttpProxy.Downstreams;

/// <summary>A request that no client waits for: what is answered is taken as fast as it comes and thrown away.</summary>
internal abstract class UnheardStream : DownstreamStream, IBodySink
{
    public override IBodySink ResponseBody => this;

    public override void Abort() { }

    public override void BeginResponse(int status) { }

    public override void ResponseField(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value, bool neverIndexed = false) { }

    public override void EndResponse(BodyFraming framing) { }

    public override void EndResponseWithoutBody(long? announcedLength) { }

    int IBodySink.Room => int.MaxValue;

    void IBodySink.Write(ReadOnlySpan<byte> data, bool ends) { }

    void IBodySink.End(FieldSection trailers) { }

    ValueTask<bool> IBodySink.FlushAsync(bool untilRoom) => new(true);
}
