"""What a user could run instead: small programs of ours around other people's packages, none of their code."""
