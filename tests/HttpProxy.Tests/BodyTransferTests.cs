using System.Runtime.CompilerServices;
using Ambient.Http1;
using Ambient.Http1.Heads;
using Ambient.HttpProxy.Bodies;
using Ambient.Transport;

namespace Ambient.HttpProxy.Tests;

public sealed class BodyTransferTests
{
    [Fact]
    public async Task What_comes_while_the_receiver_is_waited_for_is_passed_on()
    {
        using var loop = new EventLoop("bodies", TimeProvider.System);
        loop.Start();

        var transfer = loop.RunAsync(() =>
        {
            var source = new Source(loop);
            return new BodyTransfer(loop).RunAsync(source, new SlowSink(loop, source));
        });

        Assert.Equal(TransferEnd.Complete, await transfer.WaitAsync(TimeSpan.FromSeconds(30)));
    }

    /// <summary>Tells once that its end has come, whether somebody waits or not.</summary>
    private sealed class Source(EventLoop loop) : IBodySource
    {
        private readonly LoopSignal _arrived = new(loop);
        private bool _hasEnded;

        public FieldSection Trailers { get; } = new();

        public Http1Error Error => default;

        public MoveEnd MoveTo(IBodySink sink) => _hasEnded ? MoveEnd.Complete : MoveEnd.Empty;

        public ValueTask WaitAsync() => _arrived.WaitAsync();

        public void EndWait() => _arrived.Set();

        public void Arrive()
        {
            _hasEnded = true;
            _arrived.Set();
        }
    }

    /// <summary>The source's end comes while it takes what there is.</summary>
    private sealed class SlowSink(EventLoop loop, Source source) : IBodySink
    {
        public int Room => 1;

        public void Write(ReadOnlySpan<byte> data, bool ends) { }

        public void End(FieldSection trailers) { }

        [AsyncMethodBuilder(typeof(LoopTaskBuilder<>))]
        public async ValueTask<bool> FlushAsync(bool untilRoom)
        {
            await loop.Yield();
            source.Arrive();
            return true;
        }
    }
}
