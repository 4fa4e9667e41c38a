namespace Ambient.Deploy.Templates;

/// <summary>A part of a template, as the parser hands it to the rendering.</summary>
/// <param name="Line">Where it begins, from 1.</param>
internal abstract record Node(int Line);

internal sealed record Text(int Line, string Value) : Node(Line);

internal sealed record Output(int Line, Expression Value) : Node(Line);

/// <summary><c>$name := value</c>, or <c>$name = value</c> for one that exists.</summary>
internal sealed record Assignment(int Line, string Variable, Expression Value, bool IsNew) : Node(Line);

internal sealed record If(int Line, Expression Condition, IReadOnlyList<Node> Then, IReadOnlyList<Node> Else) : Node(Line);

/// <summary>As <see cref="If"/>, with the value as the dot within.</summary>
internal sealed record With(int Line, Expression Value, IReadOnlyList<Node> Then, IReadOnlyList<Node> Else) : Node(Line);

/// <param name="Key">Variable for the key or index; null if none is named. The same for <paramref name="Item"/>.</param>
internal sealed record Range(int Line, string? Key, string? Item, Expression Values, IReadOnlyList<Node> Each, IReadOnlyList<Node> Else) : Node(Line);

internal abstract record Expression;

internal sealed record Literal(object? Value) : Expression;

/// <param name="Variable">Null for the dot, empty for the root (<c>$</c>).</param>
internal sealed record FieldPath(string? Variable, IReadOnlyList<string> Fields) : Expression;

internal sealed record Call(string Function, IReadOnlyList<Expression> Arguments) : Expression;
