namespace Ambient.Playground.Controllers;

/// <summary>What a controller is to look at next.</summary>
/// <param name="Namespace">Empty for objects of the whole cluster.</param>
internal readonly record struct ObjectKey(string Namespace, string Name);
