using System.Buffers.Binary;
using System.Net;
using System.Text;

namespace Ambient.Ztunnel.Socks;

/// <summary>What <see cref="SocksNegotiation.Advance"/> is waiting for, or how it ended.</summary>
internal enum SocksStatus : byte { NeedsMore, Requested, Failed }

/// <summary>
/// The server's side of SOCKS version 5 (RFC 1928) as far as we serve it: no authentication, CONNECT only. Moves no bytes
/// itself, and asks for exactly what belongs to the negotiation, so that what a hasty client sends behind it is never taken.
/// </summary>
internal sealed class SocksNegotiation
{
    /// <summary>Most bytes that <see cref="Wanted"/> ever asks for: 255 methods, or the longest name and a port.</summary>
    public const int MaxWanted = 257;

    private const byte Version = 5, NoAuthentication = 0, Connect = 1, IPv4 = 1, Domain = 3, IPv6 = 4;

    private static readonly byte[] Accepted = [Version, NoAuthentication];
    private static readonly byte[] NoAcceptableMethod = [Version, 0xFF];

    private Step _step = Step.Greeting;
    private byte _addressType, _firstAddressByte;
    private byte[] _reply = [];

    private enum Step : byte { Greeting, Methods, Request, Address, Ended }

    /// <summary>How many bytes the next <see cref="Advance"/> takes; 0 once it has ended.</summary>
    public int Wanted { get; private set; } = 2;

    /// <summary>To be sent before anything else happens, also after a failure; empty if nothing is due.</summary>
    public ReadOnlySpan<byte> Reply => _reply;

    /// <summary>Set once the status is <see cref="SocksStatus.Requested"/>; the client then waits for a reply.</summary>
    public SocksTarget? Target { get; private set; }

    /// <summary>For people: what was wrong; set once the status is <see cref="SocksStatus.Failed"/>.</summary>
    public string? Failure { get; private set; }

    /// <summary>A complete reply to a request (RFC 1928 §6); the bound address is not told, as is usual for proxies.</summary>
    public static byte[] ReplyOf(SocksReply reply) => [Version, (byte)reply, 0, IPv4, 0, 0, 0, 0, 0, 0];

    /// <param name="bytes">Exactly <see cref="Wanted"/> bytes.</param>
    public SocksStatus Advance(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length != Wanted || _step == Step.Ended)
            throw new ArgumentException($"{Wanted} bytes were wanted, {bytes.Length} were given.", nameof(bytes));

        _reply = [];
        return _step switch
        {
            Step.Greeting => ReadGreeting(bytes),
            Step.Methods => ReadMethods(bytes),
            Step.Request => ReadRequest(bytes),
            _ => ReadAddress(bytes),
        };
    }

    private SocksStatus ReadGreeting(ReadOnlySpan<byte> bytes)
    {
        if (bytes[0] != Version)
            return Fail(NoAcceptableMethod, $"The client speaks SOCKS version {bytes[0]}; version 5 is served.");
        return bytes[1] == 0
            ? Fail(NoAcceptableMethod, "The client offers no authentication method.")
            : Want(Step.Methods, bytes[1]);
    }

    private SocksStatus ReadMethods(ReadOnlySpan<byte> methods)
    {
        if (!methods.Contains(NoAuthentication))
            return Fail(NoAcceptableMethod, "The client insists on authentication; only method 0 (none) is served.");
        _reply = Accepted;
        return Want(Step.Request, 5); // up to the first byte of the address, which every address type has
    }

    private SocksStatus ReadRequest(ReadOnlySpan<byte> bytes)
    {
        if (bytes[0] != Version || bytes[2] != 0)
            return Fail(ReplyOf(SocksReply.GeneralFailure), "The request is not one of SOCKS version 5.");
        if (bytes[1] != Connect)
            return Fail(ReplyOf(SocksReply.CommandNotSupported), $"Command {bytes[1]} is not served; only CONNECT (1) is.");

        (_addressType, _firstAddressByte) = (bytes[3], bytes[4]);
        return _addressType switch
        {
            IPv4 => Want(Step.Address, 3 + 2),
            IPv6 => Want(Step.Address, 15 + 2),
            Domain when _firstAddressByte > 0 => Want(Step.Address, _firstAddressByte + 2),
            Domain => Fail(ReplyOf(SocksReply.GeneralFailure), "The name to connect to is empty."),
            _ => Fail(ReplyOf(SocksReply.AddressTypeNotSupported), $"Address type {_addressType} is unknown."),
        };
    }

    private SocksStatus ReadAddress(ReadOnlySpan<byte> bytes)
    {
        int port = BinaryPrimitives.ReadUInt16BigEndian(bytes[^2..]);
        if (port == 0)
            return Fail(ReplyOf(SocksReply.GeneralFailure), "Port 0 cannot be connected to.");

        Target = _addressType == Domain ? ReadName(bytes[..^2], port) : new(ReadBinary(bytes[..^2]), null, port);
        if (Target is null)
            return Fail(ReplyOf(SocksReply.GeneralFailure), "The name to connect to is not a host name.");
        Want(Step.Ended, 0);
        return SocksStatus.Requested;
    }

    private IPAddress ReadBinary(ReadOnlySpan<byte> rest)
    {
        Span<byte> address = stackalloc byte[rest.Length + 1];
        address[0] = _firstAddressByte;
        rest.CopyTo(address[1..]);
        var read = new IPAddress(address);
        return read.IsIPv4MappedToIPv6 ? read.MapToIPv4() : read;
    }

    private static SocksTarget? ReadName(ReadOnlySpan<byte> name, int port)
    {
        if (name[^1] == '.')
            name = name[..^1];
        if (name.IsEmpty || name.ContainsAnyExceptInRange((byte)'!', (byte)'~'))
            return null;

        var text = Encoding.ASCII.GetString(name).ToLowerInvariant();
        return IPAddress.TryParse(text, out var literal)
            ? new(literal.IsIPv4MappedToIPv6 ? literal.MapToIPv4() : literal, null, port)
            : new(null, text, port);
    }

    private SocksStatus Want(Step step, int bytes)
    {
        (_step, Wanted) = (step, bytes);
        return SocksStatus.NeedsMore;
    }

    private SocksStatus Fail(byte[] reply, string failure)
    {
        (_reply, Failure) = (reply, failure);
        Want(Step.Ended, 0);
        return SocksStatus.Failed;
    }
}
