namespace Ambient.Kubernetes.Tests.Servers;

/// <summary>Gives bytes in the given pieces, one for each read.</summary>
internal sealed class PiecedStream(IEnumerable<ReadOnlyMemory<byte>> pieces) : MemoryStream
{
    private readonly Queue<ReadOnlyMemory<byte>> _pieces = new(pieces);

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (!_pieces.TryDequeue(out var piece)) return new(0);
        var taken = Math.Min(piece.Length, buffer.Length);
        piece[..taken].CopyTo(buffer);
        if (taken == piece.Length) return new(taken);

        var rest = _pieces.ToArray();
        _pieces.Clear();
        _pieces.Enqueue(piece[taken..]);
        foreach (var next in rest) _pieces.Enqueue(next);
        return new(taken);
    }
}
