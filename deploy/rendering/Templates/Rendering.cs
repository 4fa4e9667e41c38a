using System.Text;
using Ambient.Deploy.Values;

namespace Ambient.Deploy.Templates;

/// <summary>Carries out parsed templates.</summary>
/// <remarks>Stricter than Helm where that is lenient: printing a value that does not exist is an error.</remarks>
internal sealed class Rendering(string name, IReadOnlyDictionary<string, IReadOnlyList<Node>> definitions, object? root)
{
    private const int MostIncludes = 100;

    private readonly StringBuilder _output = new();
    private int _depth;

    /// <exception cref="RenderException">With place and reason.</exception>
    public static string Run(string name, IReadOnlyList<Node> template, IReadOnlyDictionary<string, IReadOnlyList<Node>> definitions, object? root)
    {
        var rendering = new Rendering(name, definitions, root);
        rendering.Write(template, new Scope(root, null));
        return rendering._output.ToString();
    }

    private void Write(IReadOnlyList<Node> nodes, Scope scope)
    {
        foreach (var node in nodes)
            try { Write(node, scope); }
            catch (FormatException error) { throw new RenderException($"{name}:{node.Line}: {error.Message}.", error); }
    }

    private void Write(Node node, Scope scope)
    {
        switch (node)
        {
            case Text text:
                _output.Append(text.Value);
                break;
            case Output output:
                _output.Append(Functions.Print(Value(output.Value, scope) ?? throw new FormatException("what is printed here has no value")));
                break;
            case Assignment { IsNew: true } assignment:
                scope.Declare(assignment.Variable, Value(assignment.Value, scope));
                break;
            case Assignment assignment:
                scope.Set(assignment.Variable, Value(assignment.Value, scope));
                break;
            case If branch:
                Write(Functions.IsTrue(Value(branch.Condition, scope)) ? branch.Then : branch.Else, new(scope.Dot, scope));
                break;
            case With with:
                var value = Value(with.Value, scope);
                if (Functions.IsTrue(value)) Write(with.Then, new(value, scope));
                else Write(with.Else, new(scope.Dot, scope));
                break;
            case Range range:
                Repeat(range, scope);
                break;
        }
    }

    private void Repeat(Range range, Scope scope)
    {
        var items = Value(range.Values, scope) switch
        {
            null => [],
            List<object?> list => list.Select((item, i) => ((object?)(long)i, item)).ToList(),
            ValueMap map => [.. map.Select(entry => ((object?)entry.Key, entry.Value))],
            _ => throw new FormatException("range needs a list or a map"),
        };
        foreach (var (key, item) in items)
        {
            var inner = new Scope(item, scope);
            if (range.Key is not null) inner.Declare(range.Key, key);
            if (range.Item is not null) inner.Declare(range.Item, item);
            Write(range.Each, inner);
        }
        if (items.Count == 0) Write(range.Else, new(scope.Dot, scope));
    }

    private object? Value(Expression expression, Scope scope) => expression switch
    {
        Literal literal => literal.Value,
        FieldPath path => Follow(path.Variable switch { null => scope.Dot, "" => root, var variable => scope.Get(variable) }, path.Fields),
        Call { Function: "include", Arguments: [var template, var dot] } => Include(Functions.Print(Value(template, scope)), Value(dot, scope)),
        Call call => Functions.Run(call.Function, [.. call.Arguments.Select(argument => Value(argument, scope))]),
        _ => throw new FormatException("unknown expression"),
    };

    private static object? Follow(object? value, IReadOnlyList<string> fields)
    {
        foreach (var field in fields)
            value = value is ValueMap map ? map.GetValueOrDefault(field) : throw new FormatException($"'{field}' is asked of something that has no fields");
        return value;
    }

    private string Include(string template, object? dot)
    {
        if (!definitions.TryGetValue(template, out var body)) throw new FormatException($"no template '{template}' is defined");
        if (++_depth > MostIncludes) throw new FormatException($"'{template}' includes itself more than {MostIncludes} times");
        var inner = new Rendering(template, definitions, dot) { _depth = _depth };
        inner.Write(body, new(dot, null));
        _depth--;
        return inner._output.ToString();
    }

    private sealed class Scope(object? dot, Scope? outer)
    {
        private readonly Dictionary<string, object?> _variables = [];

        public object? Dot => dot;

        public void Declare(string name, object? value) => _variables[name] = value;

        public object? Get(string name) => Holder(name)._variables[name];

        public void Set(string name, object? value) => Holder(name)._variables[name] = value;

        private Scope Holder(string name)
        {
            for (var scope = this; scope is not null; scope = scope.Outer)
                if (scope._variables.ContainsKey(name)) return scope;
            throw new FormatException($"the variable ${name} is not declared");
        }

        private Scope? Outer => outer;
    }
}
