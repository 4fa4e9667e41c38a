namespace Ambient.Deploy;

/// <summary>A chart that cannot be rendered; the message says where and what is wrong.</summary>
public sealed class RenderException(string message, Exception? inner = null) : Exception(message, inner);
