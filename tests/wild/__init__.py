"""What the public reports of other people's incidents became when they were tried on this processor.

Each test says in a sentence how the processor behaves, and names the thread where something else behaved otherwise, as
`owner/repository#number`. Real processes, and servers on loopback that do what was reported. Reports whose tests are
part of a larger story stand there, with the same mark: `grep -rE '[a-z-]+/[a-z-]+#[0-9]+' tests`.
"""
