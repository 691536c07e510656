namespace Skerry.Objects.Loop;

/// <summary>What a loop tells the object it belongs to. Called inside the loop.</summary>
internal interface ILoopOwner
{
    /// <summary>An event begins. Must not throw.</summary>
    void TurnBegan();

    /// <summary>
    /// An event ended: commit what it wrote. With <paramref name="more"/> another one follows at once, and the commit may
    /// wait for it. Must not throw.
    /// </summary>
    void TurnEnded(bool more);

    /// <summary>True if everything the object has written so far is confirmed. Called inside the loop.</summary>
    /// <exception cref="InvalidOperationException">An async transaction has written: its end would wait for what wants to leave.</exception>
    bool MayLeave();

    /// <summary>Passes <paramref name="waiter"/> when everything the object has written so far is confirmed. Called inside the loop.</summary>
    void Leave(IGateWaiter waiter);

    /// <summary>Code of the object threw where no caller can be told (<c>async void</c>).</summary>
    void Faulted(Exception error);
}

/// <summary>A call that wants to know that the input gate holds one of its events back.</summary>
internal interface IGateObserver
{
    /// <summary>
    /// An event of the call waits for <paramref name="holder"/>; told again when another section takes the gate. False
    /// if waiting would never end: the call has failed, and its first event is withdrawn.
    /// </summary>
    bool Held(CriticalSection holder);
}
