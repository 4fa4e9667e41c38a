using Ambient.Http1;
using Ambient.Http1.Bodies;
using Ambient.Http1.Heads;
using Ambient.HttpProxy.Buffers;
using Ambient.Transport;

namespace Ambient.HttpProxy.Bodies;

/// <summary>The body behind a head of HTTP/1.1, one after another.</summary>
internal sealed class Http1BodySource(ReceiveBuffer input, Http1Limits limits) : IBodySource
{
    private readonly BodyReader _reader = new(limits);
    private BodyKind _kind;

    public Http1Error Error => _reader.Error;

    public bool MayEndWithin(int bytes) => _kind != BodyKind.Length || _reader.Left <= bytes;

    public FieldSection Trailers => _reader.Trailers;

    /// <param name="framing">How the head that was read delimits the body.</param>
    public void Begin(BodyFraming framing)
    {
        _kind = framing.Kind;
        _reader.Begin(framing);
    }

    public MoveEnd MoveTo(IBodySink sink)
    {
        while (true)
        {
            if (_reader.IsComplete) return MoveEnd.Complete;
            var room = sink.Room;
            if (room <= 0) return MoveEnd.Full;
            var unread = input.Unread;
            var given = unread[..Math.Min(unread.Length, room)];
            var step = _reader.Next(given);
            if (step.DataLength > 0) sink.Write(given.Slice(step.DataStart, step.DataLength), ends: _reader.IsComplete);
            input.Consume(step.Consumed);
            if (step.Status == BodyStatus.Complete) return MoveEnd.Complete;
            if (step.Status == BodyStatus.Refused) return MoveEnd.Refused;
            if (step.Status != BodyStatus.NeedsMore || !input.IsEmpty) continue;

            var received = input.TryReceive();
            if (received.Status == IoStatus.WouldBlock) return MoveEnd.Empty;
            if (received.Status == IoStatus.Done) continue;
            return received.Status == IoStatus.End && _kind == BodyKind.UntilClose ? MoveEnd.Complete : MoveEnd.Ended;
        }
    }

    public ValueTask WaitAsync() => input.WaitAsync();

    public void EndWait() => input.EndWait();
}
