using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;

namespace Ambient.ControlPlane.Authority;

/// <summary>
/// Lets a few TLS handshakes compute at once. When a thousand nodes connect in the same moment the others wait outside the
/// thread pool, and a request on a connection that stands does not wait for all of their handshakes.
/// </summary>
internal sealed class HandshakeTurns(TimeProvider time) : IDisposable
{
    // Enough to keep the processors busy while answers are on their way; more would only stand before requests of others.
    private static readonly int AtOnce = Math.Clamp(2 * Environment.ProcessorCount, 4, 64);

    // Computing takes a millisecond; who is slow to answer, or does so on purpose, gives its turn to others meanwhile.
    private static readonly TimeSpan LongestTurn = TimeSpan.FromMilliseconds(100);

    // Waiting for a turn is part of it: five thousand nodes take some seconds.
    private static readonly TimeSpan HandshakeTimeout = TimeSpan.FromSeconds(30);

    private readonly TimeProvider _time = time;
    private readonly SemaphoreSlim _free = new(AtOnce);

    /// <summary>TLS as <paramref name="certificate"/> says, in turns.</summary>
    public void UseOn(ListenOptions listen, ServerCertificate certificate)
    {
        listen.Use(next => async connection =>
        {
            using var turn = new Turn(this);
            connection.Items[typeof(Turn)] = turn;
            await next(connection);
        });
        listen.UseHttps(new TlsHandshakeCallbackOptions
        {
            HandshakeTimeout = HandshakeTimeout,
            OnConnection = async context =>
            {
                await TurnOf(context.Connection).BeginAsync(context.CancellationToken);
                return certificate.HandshakeOptions(context.Connection);
            },
        });
        listen.Use(next => connection =>
        {
            TurnOf(connection).Dispose(); // the handshake is done
            return certificate.Callers.ServeAsync(connection, next);
        });
    }

    public void Dispose() => _free.Dispose();

    private static Turn TurnOf(BaseConnectionContext connection) => (Turn)connection.Items[typeof(Turn)]!;

    private sealed class Turn(HandshakeTurns turns) : IDisposable
    {
        private readonly Lock _lock = new();
        private ITimer? _limit;
        private bool _held, _over;

        public async ValueTask BeginAsync(CancellationToken stop)
        {
            await turns._free.WaitAsync(stop);
            lock (_lock)
            {
                _held = true;
                if (_over)
                    Release();
                else
                    _limit = turns._time.CreateTimer(static self => ((Turn)self!).Dispose(), this, LongestTurn, Timeout.InfiniteTimeSpan);
            }
        }

        public void Dispose()
        {
            lock (_lock)
            {
                _over = true;
                _limit?.Dispose();
                Release();
            }
        }

        private void Release()
        {
            if (_held)
                turns._free.Release();
            _held = false;
        }
    }
}
