using System.IO.Hashing;
using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Skerry.Storage.Buckets;

/// <summary>
/// Mutual exclusion for a key among the threads of this process and among processes of this machine.
/// </summary>
/// <remarks>
/// Keys share <see cref="Stripes"/> locks by a hash that is the same in every process. Within the process a monitor
/// excludes; whoever holds that takes the flock of the stripe's file, which the kernel drops if the process dies. The
/// files are never removed: a lock on a removed file would exclude nobody. They are held for a look at the present
/// version and a rename, never for a sync, so waiting on a thread is short.
/// </remarks>
internal sealed partial class FileBucketLocks(string folder) : IDisposable
{
    private const int Stripes = 32;
    private const int Interrupted = 4; // EINTR
    private const int LockExclusive = 2;
    private const int Unlock = 8;

    private readonly Stripe[] _stripes = [.. Enumerable.Range(0, Stripes).Select(n => new Stripe(Path.Combine(folder, $"lock-{n:d2}")))];

    /// <summary>Waits for the key's lock; disposing the result releases it.</summary>
    /// <exception cref="IOException">The system refuses the lock.</exception>
    public Held Take(string key)
    {
        Span<byte> bytes = stackalloc byte[BucketKey.BytesMax];
        var length = Encoding.UTF8.GetBytes(key, bytes);
        return new Held(_stripes[XxHash3.HashToUInt64(bytes[..length]) % Stripes]);
    }

    public void Dispose()
    {
        foreach (var stripe in _stripes)
        {
            stripe.Dispose();
        }
    }

    internal readonly ref struct Held
    {
        private readonly Stripe _stripe;

        public Held(Stripe stripe)
        {
            _stripe = stripe;
            stripe.Enter();
        }

        public void Dispose() => _stripe.Exit();
    }

    internal sealed class Stripe(string path) : IDisposable
    {
        private readonly Lock _threads = new();
        private SafeFileHandle? _file;

        public void Enter()
        {
            _threads.Enter();
            try
            {
                _file ??= Open();
                if (!OperatingSystem.IsWindows())
                {
                    Flock(_file, LockExclusive);
                }
            }
            catch
            {
                _threads.Exit();
                throw;
            }
        }

        public void Exit()
        {
            try
            {
                if (OperatingSystem.IsWindows())
                {
                    _file!.Dispose();
                    _file = null;
                }
                else
                {
                    Flock(_file!, Unlock);
                }
            }
            finally
            {
                _threads.Exit();
            }
        }

        public void Dispose()
        {
            lock (_threads)
            {
                _file?.Dispose();
                _file = null;
            }
        }

        // Windows has no lock to wait for: the open file itself excludes others. Elsewhere .NET asks for a shared lock at
        // every open, and does not wait for it either. So opening is tried until nobody holds the lock for a moment.
        private SafeFileHandle Open()
        {
            var share = OperatingSystem.IsWindows() ? FileShare.None : FileShare.ReadWrite;
            var wait = default(SpinWait);
            while (true)
            {
                try
                {
                    return File.OpenHandle(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, share);
                }
                catch (IOException e) when (DataFolder.IsHeld(e))
                {
                    wait.SpinOnce();
                }
            }
        }
    }

    private static void Flock(SafeFileHandle file, int operation)
    {
        while (Flock_(file, operation) < 0)
        {
            var error = Marshal.GetLastPInvokeError();
            if (error != Interrupted)
            {
                throw new IOException(Marshal.GetPInvokeErrorMessage(error), error);
            }
        }
    }

    [LibraryImport("libc", EntryPoint = "flock", SetLastError = true)]
    private static partial int Flock_(SafeFileHandle file, int operation);
}
