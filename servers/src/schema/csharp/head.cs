// The protocol of Tinyrealm, and a client of it, in one file. Written by `tinyrealm schema --csharp`.
//
// For Unity (2021.2 and newer), or whatever has the APIs of netstandard 2.1. Nothing else is needed. One thread:
// a client does what it does inside of `Client.Tick`, and says what it hears there. What is heard every
// moment (moves, events) allocates nothing: a message is a struct, and bytes are a view of the receive buffer, good
// until the handler returns.

using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Threading.Tasks;

