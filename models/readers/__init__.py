"""Readers by name. A part is one file and one line here; it is imported only when chosen.

The keyword parameters of a reader's constructor are its options in the configuration.
"""

READERS = {
    "ctc": "models.readers.ctc:CtcReader",
    "rapidocr": "models.readers.rapidocr:RapidocrReader",
    "paddle": "models.readers.paddle:PaddleReader",
    "tesseract": "models.readers.tesseract:TesseractReader",
    "ensemble": "models.readers.ensemble:EnsembleReader",
}
