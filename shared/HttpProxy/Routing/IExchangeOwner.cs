using Ambient.HttpProxy.Exchanges;

namespace Ambient.HttpProxy.Routing;

/// <summary>Whose requests those of a connection are: routes them, and is told how they ended. On the connection's loop.</summary>
/// <remarks>Objects of the engine go from one connection to the next, so none of them keeps its owner beyond an exchange.</remarks>
public interface IExchangeOwner : IRequestRouter, IExchangeObserver;
