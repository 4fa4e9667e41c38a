using System.Text;
using Ambient.Http1.Heads;
using Ambient.Model.Routes;

namespace Ambient.Waypoint.Routing;

/// <summary>A request's fields as routes and policies ask for them. One request at a time; on one thread.</summary>
internal sealed class RequestFields : IRequestFields
{
    private const int LongestName = 256;

    private FieldSection _fields = new();
    private byte[] _joined = [];

    public void Of(FieldSection fields) => _fields = fields;

    public bool Has(ReadOnlySpan<byte> name) => _fields.TryGet(name, out _);

    public bool TryGet(string name, out ReadOnlySpan<byte> value)
    {
        value = default;
        Span<byte> bytes = stackalloc byte[LongestName];
        return Encoding.ASCII.TryGetBytes(name, bytes, out var length) && TryGet(bytes[..length], out value);
    }

    /// <inheritdoc cref="IRequestFields.TryGet"/>
    public bool TryGet(scoped ReadOnlySpan<byte> name, out ReadOnlySpan<byte> value)
    {
        if (!_fields.TryGet(name, out value)) return false;
        if (_fields.CountOf(name) > 1) value = Join(name);
        return true;
    }

    private ReadOnlySpan<byte> Join(scoped ReadOnlySpan<byte> name)
    {
        var length = 0;
        foreach (var field in _fields)
        {
            if (!field.Is(name)) continue;
            if (length > 0) Append(","u8, ref length);
            Append(field.Value, ref length);
        }

        return _joined.AsSpan(0, length);
    }

    private void Append(ReadOnlySpan<byte> text, ref int length)
    {
        if (_joined.Length < length + text.Length) Array.Resize(ref _joined, Math.Max(256, (length + text.Length) * 2));
        text.CopyTo(_joined.AsSpan(length));
        length += text.Length;
    }
}
