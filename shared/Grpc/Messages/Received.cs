namespace Ambient.Grpc.Messages;

/// <summary>A message, or the clean end of messages: told apart also where the message type is a struct.</summary>
public readonly record struct Received<T>(T? Message, bool HasMessage);
