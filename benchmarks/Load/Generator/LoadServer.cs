using System.Net;
using Ambient.Linux;
using Ambient.Linux.Sockets;

namespace Ambient.Load.Generator;

/// <summary>One thread, one epoll, all connections: the application that every chain ends at.</summary>
internal sealed class LoadServer
{
    private const ulong ListenerTag = ulong.MaxValue;

    private readonly Epoll _epoll = new();
    private readonly EpollEvents _events = new(1024);
    private readonly byte[] _block = GC.AllocateArray<byte>(Wire.BlockBytes, pinned: true);
    private readonly Descriptor _listener;
    private ServedConnection?[] _connections = new ServedConnection?[1024];

    public LoadServer(IPEndPoint at)
    {
        _listener = ListeningSocket.Open(at, new ListenOptions { Backlog = 4096 });
        _epoll.Add(_listener.Value, EpollFlags.Readable, ListenerTag);
    }

    public void Run()
    {
        while (true)
        {
            var count = _epoll.Wait(_events, -1);
            for (var i = 0; i < count; i++)
            {
                if (_events.Tag(i) == ListenerTag) AcceptAll();
                else Serve((int)_events.Tag(i));
            }
        }
    }

    private void AcceptAll()
    {
        while (TcpSockets.Accept(_listener.Value, out _) is { Succeeded: true } accepted)
        {
            var descriptor = new Descriptor(accepted.Value);
            SocketOptions.NoDelay(descriptor);
            if (accepted.Value >= _connections.Length) Array.Resize(ref _connections, accepted.Value * 2);
            _connections[accepted.Value] = new(descriptor);
            _epoll.Add(accepted.Value, EpollFlags.Readable, (ulong)accepted.Value);
        }
    }

    private void Serve(int number)
    {
        if (_connections[number] is not { } connection) return;

        var wasBlocked = connection.IsBlocked;
        if (!connection.Advance(_block))
        {
            _connections[number] = null;
            connection.Dispose();
        }
        else if (connection.IsBlocked != wasBlocked)
        {
            _epoll.Modify(number, connection.IsBlocked ? EpollFlags.Writable : EpollFlags.Readable, (ulong)number);
        }
    }
}
