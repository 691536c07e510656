using System.Diagnostics.CodeAnalysis;
using System.Net;

namespace Skerry.Accounts.Policies;

/// <summary>When and from where a token may be used. Immutable and safe for threads. Its lists are made anew whenever they are asked for.</summary>
public sealed class TokenConditions
{
    /// <summary>The most ranges of each of the two lists, so that a request's check stays short.</summary>
    public const int RangesMax = 100;

    private readonly AddressRange[]? _in;
    private readonly AddressRange[]? _notIn;

    private TokenConditions(AddressRange[]? @in, AddressRange[]? notIn, DateTimeOffset? notBefore, DateTimeOffset? expiresOn)
    {
        _in = @in;
        _notIn = notIn;
        NotBefore = notBefore;
        ExpiresOn = expiresOn;
    }

    /// <summary>Always and from everywhere.</summary>
    public static TokenConditions None { get; } = new(null, null, null, null);

    /// <summary>The only addresses it may be used from; null: all. Version 4 inside version 6 is given as version 4.</summary>
    public IReadOnlyList<IPNetwork>? In => _in is null ? null : [.. _in.Select(one => one.ToNetwork())];

    /// <summary>Addresses it may not be used from, also if they are in <see cref="In"/>; null: none.</summary>
    public IReadOnlyList<IPNetwork>? NotIn => _notIn is null ? null : [.. _notIn.Select(one => one.ToNetwork())];

    /// <summary>The first moment at which it may be used; null: any.</summary>
    public DateTimeOffset? NotBefore { get; }

    /// <summary>The first moment at which it may no longer be used; null: never.</summary>
    public DateTimeOffset? ExpiresOn { get; }

    /// <summary>Reads conditions as clients write them.</summary>
    /// <param name="in">Addresses and networks in CIDR form; null: no such condition.</param>
    /// <param name="notIn">Likewise.</param>
    /// <param name="notBefore">See <see cref="NotBefore"/>.</param>
    /// <param name="expiresOn">See <see cref="ExpiresOn"/>.</param>
    /// <param name="conditions">The conditions.</param>
    /// <param name="errors">Everything for which they are refused; empty if they are not.</param>
    public static bool TryCreate(
        IReadOnlyList<string>? @in,
        IReadOnlyList<string>? notIn,
        DateTimeOffset? notBefore,
        DateTimeOffset? expiresOn,
        [NotNullWhen(true)] out TokenConditions? conditions,
        out IReadOnlyList<PolicyError> errors)
    {
        var found = new List<PolicyError>();
        var inRanges = Ranges(@in, "condition.request_ip.in", found);
        var notInRanges = Ranges(notIn, "condition.request_ip.not_in", found);
        if (notBefore >= expiresOn)
        {
            found.Add(new("expires_on", "it is not after not_before, so the token could never be used", "a later time, or none"));
        }

        errors = found;
        conditions = found.Count > 0 ? null : new(inRanges, notInRanges, notBefore, expiresOn);
        return conditions is not null;
    }

    /// <summary>Which condition fails, the first of them; <see cref="DecisionOutcome.Allowed"/> if none does.</summary>
    /// <param name="caller">Where the request comes from; null if that is unknown, which meets no condition on addresses.</param>
    /// <param name="now">The time.</param>
    internal DecisionOutcome Check(IPAddress? caller, DateTimeOffset now)
    {
        if (now < NotBefore)
        {
            return DecisionOutcome.NotYetValid;
        }

        if (now >= ExpiresOn)
        {
            return DecisionOutcome.Expired;
        }

        if (_in is null && _notIn is null)
        {
            return DecisionOutcome.Allowed;
        }

        if (caller is null)
        {
            return DecisionOutcome.AddressNotListed;
        }

        var address = AddressRange.Of(caller);
        return _in is not null && !AnyContains(_in, address) ? DecisionOutcome.AddressNotListed
            : _notIn is not null && AnyContains(_notIn, address) ? DecisionOutcome.AddressExcluded
            : DecisionOutcome.Allowed;
    }

    /// <summary>
    /// Whether whatever meets these conditions meets others too. True is certain; false is also said where only several
    /// ranges together would cover one.
    /// </summary>
    internal bool IsWithin(TokenConditions other) =>
        (other.NotBefore is null || NotBefore >= other.NotBefore)
        && (other.ExpiresOn is null || ExpiresOn <= other.ExpiresOn)
        && (other._in is null || (_in is not null && Array.TrueForAll(_in, one => AnyContains(other._in, one))))
        && (other._notIn is null || Array.TrueForAll(other._notIn, Avoids));

    // Every address of the range is refused here too.
    private bool Avoids(AddressRange excluded) =>
        (_notIn is not null && AnyContains(_notIn, excluded)) || (_in is not null && !Array.Exists(_in, one => one.Overlaps(excluded)));

    private static bool AnyContains(AddressRange[] ranges, in AddressRange range)
    {
        foreach (ref readonly var one in ranges.AsSpan())
        {
            if (one.Contains(range))
            {
                return true;
            }
        }

        return false;
    }

    private static AddressRange[]? Ranges(IReadOnlyList<string>? texts, string field, List<PolicyError> errors)
    {
        if (texts is null)
        {
            return null;
        }

        if (texts.Count is 0 or > RangesMax)
        {
            errors.Add(new(field, $"it has {texts.Count} entries", $"1 to {RangesMax}, or no such field at all"));
            return null;
        }

        var ranges = new AddressRange[texts.Count];
        for (var i = 0; i < ranges.Length; i++)
        {
            if (AddressRange.Parse(texts[i], $"{field}[{i}]", out ranges[i]) is { } error)
            {
                errors.Add(error);
            }
        }

        return ranges;
    }
}
