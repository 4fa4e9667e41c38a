namespace Ambient.Tls;

/// <summary>A certificate, key, trust bundle or option of ours cannot be used; the message says which and what to do.</summary>
public sealed class TlsConfigurationException(string message) : Exception(message);
