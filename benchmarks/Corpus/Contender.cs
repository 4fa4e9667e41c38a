using System.Net;
using Ambient.HttpCases;

namespace Ambient.Corpus;

/// <summary>A proxy that takes part, with a server of its own behind it.</summary>
/// <param name="Version">As its program prints it; empty for ours.</param>
/// <param name="Http1">Where it takes HTTP/1.1.</param>
/// <param name="Http2">Where it takes HTTP/2 with prior knowledge.</param>
internal sealed record Contender(string Name, string Version, IPEndPoint Http1, IPEndPoint Http2, RecordingServer Server);
