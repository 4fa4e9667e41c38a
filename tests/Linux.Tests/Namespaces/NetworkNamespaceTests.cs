using System.Net;
using System.Net.Sockets;
using Ambient.Linux.Namespaces;
using Ambient.Linux.Sockets;
using Ambient.TestKit;

namespace Ambient.Linux.Tests.Namespaces;

public class NetworkNamespaceTests
{
    [Fact]
    public void Work_runs_inside_and_the_caller_stays_outside()
    {
        using var inside = new TemporaryNamespace();
        using var before = NetworkNamespace.Current();

        var there = inside.Namespace.Run(CurrentKey);

        Assert.Equal(inside.Namespace.Key, there);
        Assert.NotEqual(before.Key, there);
        Assert.Equal(before.Key, CurrentKey());
    }

    [Fact]
    public void An_owned_thread_enters_and_returns()
    {
        using var inside = new TemporaryNamespace();
        var before = CurrentKey();

        var there = inside.Namespace.RunOnOwnedThread(0, static _ => CurrentKey());

        Assert.Equal(inside.Namespace.Key, there);
        Assert.Equal(before, CurrentKey());
    }

    [Fact]
    public void An_owned_thread_returns_also_when_the_work_throws()
    {
        using var inside = new TemporaryNamespace();
        var before = CurrentKey();

        Assert.Throws<InvalidDataException>(() => inside.Namespace.RunOnOwnedThread<int, int>(0, static _ => throw new InvalidDataException()));

        Assert.Equal(before, CurrentKey());
    }

    [Fact]
    public void Exceptions_come_out_of_the_thread_as_they_are()
    {
        using var inside = new TemporaryNamespace();

        Assert.Throws<InvalidDataException>(() => inside.Namespace.Run<int>(() => throw new InvalidDataException()));
    }

    [Fact]
    public void A_socket_made_inside_listens_inside_and_works_from_outside()
    {
        using var inside = new TemporaryNamespace();
        using var listener = inside.Namespace.Run(() => ListeningSocket.Open(new(IPAddress.Loopback, 0), new()));
        var at = TcpSockets.LocalName(listener).ToEndPoint();

        using var client = inside.Namespace.Run(() => OutgoingSocket.Open(AddressFamily.InterNetwork, new()));
        var outside = OutgoingSocket.Open(AddressFamily.InterNetwork, new());

        Assert.True(TcpSockets.Connect(client, at) is { Succeeded: true } or { Errno: Errno.InProgress });
        using var accepted = Loopback.Accept(listener, out _);
        Loopback.WaitConnected(client);
        TcpSockets.Connect(outside, at);
        Assert.Equal(Errno.ConnectionRefused, Loopback.WaitConnected(outside));
        outside.Dispose();
    }

    [Fact]
    public void The_same_namespace_by_another_path_has_the_same_key()
    {
        using var inside = new TemporaryNamespace();

        using var again = NetworkNamespace.Open(inside.Path);
        using var duplicate = NetworkNamespace.FromDescriptor(inside.Namespace.Descriptor.Duplicate());

        Assert.Equal(inside.Namespace.Key, again.Key);
        Assert.Equal(inside.Namespace.Key, duplicate.Key);
    }

    [Fact]
    public void A_missing_namespace_is_an_error_that_names_it()
    {
        var error = Assert.Throws<LinuxException>(() => NetworkNamespace.Open("/var/run/netns/none-such"));

        Assert.Equal(Errno.NotFound, error.Errno);
        Assert.Contains("none-such", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_descriptor_of_something_else_is_refused_when_entered()
    {
        using var file = NetworkNamespace.Open("/dev/null");

        Assert.Equal(Errno.Invalid, Assert.Throws<LinuxException>(() => file.Run(CurrentKey)).Errno);
        Assert.Equal(Errno.Invalid, Assert.Throws<LinuxException>(() => file.RunOnOwnedThread(0, static _ => CurrentKey())).Errno);
    }

    // The kernel gives the lowest number that is free: that of the last one closed, unless others were closed meanwhile, which may be many.
    [Fact]
    public void One_that_was_disposed_is_not_entered_and_neither_is_another_that_has_its_number_now()
    {
        using var gone = new TemporaryNamespace();
        using var other = new TemporaryNamespace();
        var number = gone.Namespace.Descriptor.Value;
        gone.Namespace.Dispose();

        List<NetworkNamespace> opened = [];
        do opened.Add(NetworkNamespace.Open(other.Path));
        while (opened[^1].Descriptor.Value < number);

        Assert.Equal(number, opened[^1].Descriptor.Value);
        Assert.Equal(Errno.BadDescriptor, Assert.Throws<LinuxException>(() => gone.Namespace.RunOnOwnedThread(0, static _ => CurrentKey())).Errno);
        Assert.Equal(Errno.BadDescriptor, Assert.Throws<LinuxException>(() => gone.Namespace.Run(CurrentKey)).Errno);
        opened.ForEach(static netns => netns.Dispose());
    }

    [Fact]
    public void Nothing_stays_open()
    {
        using var inside = new TemporaryNamespace();
        inside.Namespace.RunOnOwnedThread(0, static _ => CurrentKey()); // keeps the way back, once for the process
        var before = OpenDescriptors.Count();

        for (var i = 0; i < 20; i++)
        {
            inside.Namespace.Run(CurrentKey);
            OwnThread.Run("owned", () => inside.Namespace.RunOnOwnedThread(0, static _ => CurrentKey()));
        }

        Assert.Equal(before, OpenDescriptors.Count());
    }

    private static NamespaceKey CurrentKey()
    {
        using var current = NetworkNamespace.Current();
        return current.Key;
    }
}
