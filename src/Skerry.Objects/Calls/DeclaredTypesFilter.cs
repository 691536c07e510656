using Microsoft.Extensions.DependencyInjection;
using Orleans.Serialization;
using Orleans.Serialization.Serializers;

namespace Skerry.Objects.Calls;

/// <summary>
/// Refuses the names of types, in what other nodes send, that are not declared and that Orleans itself cannot read: its
/// JSON codec would read any of them, for it also copies any inside the process.
/// </summary>
internal sealed class DeclaredTypesFilter(DeclaredTypes declared, IServiceProvider services) : ITypeFilter
{
    // Late: the codecs need the names of types, and so this filter.
    private ICodecProvider Codecs => field ??= services.GetRequiredService<ICodecProvider>();

    /// <inheritdoc/>
    public bool? IsTypeAllowed(Type type) => declared.Contains(type) || type.ContainsGenericParameters || Codecs.TryGetCodec(type) is not null ? null : false;
}
