using System.Net;
using System.Numerics;

namespace Ambient.Playground.Api.Rules;

/// <summary>Addresses of a range, each given out once until it is given back. The first (network) and last are never given.</summary>
internal sealed class AddressPool(IPNetwork range)
{
    private readonly HashSet<IPAddress> _taken = [];
    private BigInteger _next = 1;

    public bool IsV6 => range.BaseAddress.AddressFamily == System.Net.Sockets.AddressFamily.InterNetworkV6;

    private BigInteger Size => BigInteger.One << Math.Min(24, (IsV6 ? 128 : 32) - range.PrefixLength);

    public bool Contains(IPAddress address) => range.Contains(address);

    public bool IsFree(IPAddress address) => !_taken.Contains(address);

    public void Take(IPAddress address) => _taken.Add(address);

    public void Return(IPAddress address) => _taken.Remove(address);

    /// <returns>Null if all are taken.</returns>
    public IPAddress? FindFree()
    {
        for (BigInteger tried = 0; tried < Size; tried++)
        {
            var address = At(_next);
            _next = _next + 1 >= Size - 1 ? 1 : _next + 1;
            if (IsFree(address)) return address;
        }
        return null;
    }

    private IPAddress At(BigInteger offset)
    {
        var bytes = range.BaseAddress.GetAddressBytes();
        var number = new BigInteger(bytes, isUnsigned: true, isBigEndian: true) + offset;
        var sum = number.ToByteArray(isUnsigned: true, isBigEndian: true);
        sum.CopyTo(bytes, bytes.Length - sum.Length);
        return new(bytes);
    }
}
