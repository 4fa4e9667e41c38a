using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;

namespace Ambient.ControlPlane.Callers;

/// <summary>SHA-256 of a token: what is kept instead of it.</summary>
internal readonly record struct TokenHash(UInt128 High, UInt128 Low)
{
    public static TokenHash Of(string token)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(Encoding.UTF8.GetBytes(token), hash);
        return new(System.Buffers.Binary.BinaryPrimitives.ReadUInt128BigEndian(hash), System.Buffers.Binary.BinaryPrimitives.ReadUInt128BigEndian(hash[16..]));
    }
}

/// <summary>Answers of the API server, kept for a short while. Thread-safe; bounded.</summary>
internal sealed class ReviewedTokens(int capacity, TimeProvider time)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<TokenHash, (Caller Caller, DateTimeOffset Until)> _callers = [];
    private readonly Dictionary<TokenHash, (string Refusal, DateTimeOffset Until)> _refused = [];
    private readonly Queue<TokenHash> _order = new();

    public int Count { get { lock (_lock) return _callers.Count; } }

    public bool TryGet(TokenHash token, [NotNullWhen(true)] out Caller? caller)
    {
        lock (_lock)
        {
            caller = _callers.TryGetValue(token, out var entry) && time.GetUtcNow() < entry.Until ? entry.Caller : null;
            return caller is not null;
        }
    }

    public bool IsRefused(TokenHash token, [NotNullWhen(true)] out string? refusal)
    {
        lock (_lock)
        {
            refusal = _refused.TryGetValue(token, out var entry) && time.GetUtcNow() < entry.Until ? entry.Refusal : null;
            return refusal is not null;
        }
    }

    /// <summary>Apart from callers: whoever sends bad tokens displaces nobody's good one.</summary>
    public void Refuse(TokenHash token, string refusal, DateTimeOffset until)
    {
        lock (_lock)
        {
            if (_refused.Count >= capacity) _refused.Clear();
            _refused[token] = (refusal, until);
        }
    }

    public void Keep(TokenHash token, Caller caller, DateTimeOffset until)
    {
        lock (_lock)
        {
            if (!_callers.ContainsKey(token))
                _order.Enqueue(token);
            _callers[token] = (caller, until);
            while (_callers.Count > capacity)
                _callers.Remove(_order.Dequeue());
        }
    }
}
