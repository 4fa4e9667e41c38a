using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Ambient.Xds.Client;

/// <summary>Versions by resource name, as the server wrote them. Some 20 bytes each: names are known by 64 bits of their digest.</summary>
internal sealed class HeldVersions
{
    private readonly DigestTable _numbers = new(); // hexadecimal ones of 16 digits, as our server writes them
    private readonly Dictionary<ulong, string> _texts = [];

    public int Count => _numbers.Count + _texts.Count;

    public bool Contains(string name) => Find(name) is not null;

    public string? Find(string name)
    {
        var digest = Digest(name);
        return _numbers.TryGet(digest, out var number) ? TextOf(number) : _texts.GetValueOrDefault(digest);
    }

    public void Set(string name, string version)
    {
        var digest = Digest(name);
        if (ulong.TryParse(version, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var number) && TextOf(number) == version)
        {
            _texts.Remove(digest);
            _numbers.Set(digest, number);
        }
        else
        {
            _numbers.Remove(digest);
            _texts[digest] = version;
        }
    }

    public void Remove(string name)
    {
        var digest = Digest(name);
        if (!_numbers.Remove(digest)) _texts.Remove(digest);
    }

    private static string TextOf(ulong number) => number.ToString("x16", CultureInfo.InvariantCulture);

    // Users choose names, so it is a digest that nobody can aim at.
    private static ulong Digest(string name)
    {
        Span<byte> room = stackalloc byte[512];
        var text = Encoding.UTF8.TryGetBytes(name, room, out var length) ? room[..length] : Encoding.UTF8.GetBytes(name);
        Span<byte> digest = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(text, digest);
        return Math.Max(1, BinaryPrimitives.ReadUInt64LittleEndian(digest));
    }
}
