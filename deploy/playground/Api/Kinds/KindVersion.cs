using Ambient.Playground.Api.Schemas;

namespace Ambient.Playground.Api.Kinds;

/// <summary>One version that a kind is served in.</summary>
/// <param name="Columns">What <c>kubectl get</c> shows of a custom kind; empty for built-in kinds, whose columns are code.</param>
public sealed record KindVersion(string Name, Schema Schema, IReadOnlyList<PrinterColumn> Columns);

/// <param name="JsonPath">As in additionalPrinterColumns, for example <c>.spec.hosts</c>.</param>
/// <param name="Priority">0 is always shown, more only with <c>-o wide</c>.</param>
public sealed record PrinterColumn(string Name, string Type, string JsonPath, string Description, int Priority, string Format = "");

/// <summary>Where a kind keeps what its scale subresource shows, as paths like <c>.spec.replicas</c>.</summary>
public sealed record ScalePaths(string Replicas, string StatusReplicas, string? Selector);
