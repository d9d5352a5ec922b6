// The maps that a kernel reads have numbers of 16 bits.
enable f16;

alias Input = f16;
