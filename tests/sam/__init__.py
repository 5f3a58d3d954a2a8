"""The Lambda function, deployed by SAM from the template as it is and run on somebody else's emulator."""
