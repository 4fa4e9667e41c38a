namespace Ambient.EndToEnd.Tests.Requests;

/// <summary>What a client got, and what the pod that answered had seen.</summary>
/// <param name="Pod">Who answered; null if the waypoint did.</param>
/// <param name="Seen">Request line and fields, one a line, names in lower case.</param>
internal sealed record Answer(int Status, string? Pod, string Seen, IReadOnlyDictionary<string, string> Fields, int GrpcStatus)
{
    public string? Request(string field) => Seen.Split('\n').FirstOrDefault(line => line.StartsWith($"{field.ToLowerInvariant()}: ", StringComparison.Ordinal))?[(field.Length + 2)..];

    public string? Response(string field) => Fields.GetValueOrDefault(field.ToLowerInvariant());

    public string Path => Seen.Split('\n')[0].Split(' ') is [_, var path] ? path : "";

    public override string ToString() => $"{Status} of {Pod ?? "the waypoint"} (grpc {GrpcStatus}) [{string.Join(", ", Fields.Select(field => $"{field.Key}: {field.Value}"))}]\n{Seen}";
}
