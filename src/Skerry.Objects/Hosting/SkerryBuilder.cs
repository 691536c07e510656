using Microsoft.Extensions.DependencyInjection;
using Skerry.Objects.Activation;
using Skerry.Objects.Calls;

namespace Skerry.Objects;

/// <summary>Registers the classes of durable objects that this application hosts.</summary>
public sealed class SkerryBuilder
{
    private readonly HashSet<string> _names = [];

    private readonly DeclaredTypes _declared;

    internal SkerryBuilder(IServiceCollection services, DeclaredTypes declared) => (Services, _declared) = (services, declared);

    /// <summary>The application's services.</summary>
    public IServiceCollection Services { get; }

    /// <summary>Hosts a class.</summary>
    /// <typeparam name="TContract">Its interface: what callers see.</typeparam>
    /// <typeparam name="TObject">The class.</typeparam>
    /// <param name="name">The namespace's name, part of every id: 1 to 64 of <c>a-z 0-9 - _</c>. Default: the class's name in kebab case.</param>
    /// <exception cref="ArgumentException">The name is malformed or taken, or the interface has a method that cannot be called remotely.</exception>
    public SkerryBuilder AddDurableObject<TContract, TObject>(string? name = null)
        where TContract : class, IDurableObject
        where TObject : DurableObject, TContract
    {
        name ??= ObjectClass.DefaultName(typeof(TObject));
        ObjectClass.CheckName(name);
        var faults = ObjectClass.Faults(typeof(TContract)).ToArray();
        if (faults.Length > 0)
        {
            throw new ArgumentException(string.Join(Environment.NewLine, faults));
        }

        if (!_names.Add(name))
        {
            throw new ArgumentException($"Two classes are registered for the namespace '{name}'.", nameof(name));
        }

        _declared.AddContract(typeof(TContract));
        var @class = new ObjectClass(name, typeof(TContract), typeof(TObject));
        Services.AddSingleton(@class);
        Services.AddSingleton(services => new DurableObjectNamespace<TContract>(services.GetRequiredService<ObjectRuntime>(), @class));
        return this;
    }
}
