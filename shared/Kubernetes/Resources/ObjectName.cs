namespace Ambient.Kubernetes.Resources;

/// <summary>Where an object of one kind is found.</summary>
/// <param name="Namespace">Empty for objects of the whole cluster.</param>
public readonly record struct ObjectName(string Namespace, string Name)
{
    public static ObjectName Of(KubernetesObject value) => new(value.Metadata.Namespace ?? "", value.Metadata.Name);

    public override string ToString() => string.IsNullOrEmpty(Namespace) ? Name ?? "" : $"{Namespace}/{Name}";
}
