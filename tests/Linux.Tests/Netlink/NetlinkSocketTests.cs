using System.Net.Sockets;
using Ambient.Linux.Netlink;

namespace Ambient.Linux.Tests.Netlink;

public sealed class NetlinkSocketTests : IDisposable
{
    private const ushort GetAddress = 22, NewAddress = 20, Error = 2, Done = 3;
    private const ushort Multi = 2, Interrupted = 0x10;

    private readonly Socket _kernel;
    private readonly NetlinkSocket _socket;

    public NetlinkSocketTests()
    {
        var path = Path.Combine(Directory.CreateTempSubdirectory("netlink").FullName, "s");
        using var listener = new Socket(AddressFamily.Unix, SocketType.Seqpacket, ProtocolType.Unspecified);
        listener.Bind(new UnixDomainSocketEndPoint(path));
        listener.Listen();
        using var ours = new Socket(AddressFamily.Unix, SocketType.Seqpacket, ProtocolType.Unspecified);
        ours.Connect(new UnixDomainSocketEndPoint(path));
        _kernel = listener.Accept();
        using var number = new Descriptor((int)ours.SafeHandle.DangerousGetHandle());
        _socket = new(number.Duplicate());
        number.Release();
        Directory.Delete(Path.GetDirectoryName(path)!, recursive: true);
    }

    public void Dispose()
    {
        _socket.Dispose();
        _kernel.Dispose();
    }

    [Fact]
    public void A_list_comes_in_any_number_of_messages()
    {
        Reply(Message(NewAddress, Multi, 1), Message(NewAddress, Multi, 2));
        Reply(Message(NewAddress, Multi, 3));
        Reply(Message(Done, Multi, 0));

        Assert.Equal([1, 2, 3], List());
    }

    [Fact]
    public void A_list_that_changed_while_it_was_told_is_asked_for_again()
    {
        Reply(Message(NewAddress, Multi, 1));
        Reply(Message(NewAddress, Multi | Interrupted, 3), Message(Done, Multi | Interrupted, 0));
        Reply(Message(NewAddress, Multi, 1), Message(NewAddress, Multi, 2), Message(NewAddress, Multi, 3));
        Reply(Message(Done, Multi, 0));

        Assert.Equal([1, 2, 3], List());
    }

    [Fact]
    public void A_list_that_never_holds_still_is_an_error_in_the_end()
    {
        for (var i = 0; i < 64; i++) Reply(Message(Done, Multi | Interrupted, 0));

        Assert.Equal(Errno.Interrupted, Assert.Throws<LinuxException>(List).Errno);
    }

    [Theory]
    [InlineData(Error)]
    [InlineData(Done)]
    public void A_list_that_ends_with_an_error_is_none(ushort type)
    {
        Reply(Message(NewAddress, Multi, 1), Message(type, Multi, -Errno.NoBuffers));

        Assert.Equal(Errno.NoBuffers, Assert.Throws<LinuxException>(List).Errno);
    }

    private List<int> List()
    {
        var found = new List<int>();
        _socket.List(GetAddress, new byte[8], body => found.Add(BitConverter.ToInt32(body)));
        return found;
    }

    private void Reply(params byte[][] messages) => _kernel.Send([.. messages.SelectMany(static message => message)]);

    private static byte[] Message(ushort type, int flags, int content) =>
        [.. BitConverter.GetBytes(20), .. BitConverter.GetBytes(type), .. BitConverter.GetBytes((ushort)flags), .. new byte[8], .. BitConverter.GetBytes(content)];
}
